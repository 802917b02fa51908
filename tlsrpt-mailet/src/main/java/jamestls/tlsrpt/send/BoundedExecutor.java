package jamestls.tlsrpt.send;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;

/**
 * Runs a bounded number of tasks at once, each on a virtual thread, so that one slow destination does not hold up the others. One
 * thread starts the tasks.
 */
final class BoundedExecutor implements AutoCloseable {

    private final int places;
    private final Semaphore free;
    private final Set<Thread> running = ConcurrentHashMap.newKeySet();
    private final ThreadFactory threads = Thread.ofVirtual().name("tlsreport-", 0).factory();

    BoundedExecutor(int places) {
        this.places = places;
        this.free = new Semaphore(places);
    }

    /**
     * Waits until there is room, starts it and returns.
     *
     * @param size how many places it takes; one that is too large takes all
     * @param work must not throw
     * @return false if the caller was interrupted; then it was not started
     */
    boolean start(int size, Runnable work) {
        int taken = Math.min(size, places);
        try {
            free.acquire(taken);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
        Thread thread = threads.newThread(() -> {
            try {
                work.run();
            } finally {
                running.remove(Thread.currentThread());
                free.release(taken);
            }
        });
        running.add(thread);
        boolean started = false;
        try {
            thread.start();
            started = true;
        } finally {
            if (!started) {
                running.remove(thread);
                free.release(taken);
            }
        }
        return true;
    }

    /** Waits for all. When the caller is interrupted so are they, and are waited for. */
    @Override
    public void close() {
        try {
            free.acquire(places);
        } catch (InterruptedException stopped) {
            running.forEach(Thread::interrupt);
            free.acquireUninterruptibly(places);
            Thread.currentThread().interrupt();
        }
    }
}
