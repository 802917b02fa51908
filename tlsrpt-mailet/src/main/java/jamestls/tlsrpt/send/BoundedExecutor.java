package jamestls.tlsrpt.send;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;

/**
 * Runs a bounded number of tasks at the same time, each on a virtual thread, so that one slow destination does not delay the others. All
 * tasks must be started by the same thread.
 */
final class BoundedExecutor implements AutoCloseable {

    private final int permits;
    private final Semaphore free;
    private final Set<Thread> running = ConcurrentHashMap.newKeySet();
    private final ThreadFactory threads = Thread.ofVirtual().name("tlsreport-", 0).factory();

    /** @param permits number of tasks of size 1 that may run at the same time */
    BoundedExecutor(int permits) {
        this.permits = permits;
        this.free = new Semaphore(permits);
    }

    /**
     * Waits for enough free permits, starts the task and returns.
     *
     * @param size number of permits the task takes, at most all of them
     * @param work must not throw
     * @return false if the caller was interrupted and the task was not started
     */
    boolean start(int size, Runnable work) {
        int taken = Math.min(size, permits);
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

    /** Waits for all tasks. If the caller is interrupted, the tasks are interrupted as well and still waited for. */
    @Override
    public void close() {
        try {
            free.acquire(permits);
        } catch (InterruptedException stopped) {
            running.forEach(Thread::interrupt);
            free.acquireUninterruptibly(permits);
            Thread.currentThread().interrupt();
        }
    }
}
