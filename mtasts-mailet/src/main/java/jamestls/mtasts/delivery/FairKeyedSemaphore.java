package jamestls.mtasts.delivery;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who may go on and who waits: so many at once for each key, in the order of their coming. Waiting at one key takes
 * nothing from any other; it costs a virtual thread. What is remembered of a key ends with its last user.
 *
 * @param <K> what the turns are at: a domain, an address
 */
final class FairKeyedSemaphore<K> implements AutoCloseable {

    private static final int EVERYBODY = 1_000_000;

    private final int atOnce;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<K, Line> lines = new HashMap<>();
    private volatile boolean closed;

    /** @param atOnce how many may have a turn at one key */
    FairKeyedSemaphore(int atOnce) {
        this.atOnce = atOnce;
    }

    private static final class Line {

        private final Semaphore places;
        private final long since = System.nanoTime();
        private int users;
        private long ended;

        private Line(int atOnce) {
            places = new Semaphore(atOnce, true);
        }
    }

    /** Lasts until it is closed, once. */
    interface Permit extends AutoCloseable {
        @Override
        void close();
    }

    /** Waits for a turn so long at most. Empty when it did not come, when all turns are over, and for a thread that is interrupted. */
    Optional<Permit> take(K key, Duration patience) {
        Line line = join(key);
        boolean mine = false;
        try {
            mine = line.places.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS) && !closed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            if (!mine) {
                leave(key, line);
            }
        }
        return mine ? Optional.of(() -> end(key, line)) : Optional.empty();
    }

    /** How many have a turn at the key or wait for one. */
    int users(K key) {
        lock.lock();
        try {
            return lines.containsKey(key) ? lines.get(key).users : 0;
        } finally {
            lock.unlock();
        }
    }

    /** How long who comes now would wait, as far as the pace until now tells; empty when nobody's turn has ended yet. */
    Optional<Duration> expectedWait(K key) {
        lock.lock();
        try {
            Line line = lines.get(key);
            return line == null || line.ended == 0 ? Optional.empty()
                : Optional.of(Duration.ofNanos((System.nanoTime() - line.since) / line.ended * line.users));
        } finally {
            lock.unlock();
        }
    }

    /** Nobody gets a turn any more, nobody waits any more; who has one keeps it. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            lines.values().forEach(line -> line.places.release(EVERYBODY));
        } finally {
            lock.unlock();
        }
    }

    boolean isClosed() {
        return closed;
    }

    private void end(K key, Line line) {
        line.places.release();
        leave(key, line);
    }

    private Line join(K key) {
        lock.lock();
        try {
            Line line = lines.computeIfAbsent(key, k -> new Line(closed ? EVERYBODY : atOnce));
            line.users++;
            return line;
        } finally {
            lock.unlock();
        }
    }

    private void leave(K key, Line line) {
        lock.lock();
        try {
            line.ended++;
            if (--line.users == 0) {
                lines.remove(key);
            }
        } finally {
            lock.unlock();
        }
    }
}
