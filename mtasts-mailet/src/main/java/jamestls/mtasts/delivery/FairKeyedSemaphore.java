package jamestls.mtasts.delivery;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * A fair semaphore per key: each key has the same number of permits, handed out in the order of the requests. An entry exists while
 * somebody holds or awaits one of its permits. A waiting virtual thread blocks no other key.
 *
 * @param <K> what the permits are for: a domain, an address
 */
final class FairKeyedSemaphore<K> implements AutoCloseable {

    /** More permits than threads can wait: wakes all of them at {@link #close}. */
    private static final int UNLIMITED = 1_000_000;

    private final int permitsPerKey;
    private final LongSupplier nanoTime;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<K, Entry> entries = new HashMap<>();
    private volatile boolean closed;

    /** @param permitsPerKey how many permits each key has */
    FairKeyedSemaphore(int permitsPerKey) {
        this(permitsPerKey, System::nanoTime);
    }

    /** @param nanoTime a clock that only moves on */
    FairKeyedSemaphore(int permitsPerKey, LongSupplier nanoTime) {
        this.permitsPerKey = permitsPerKey;
        this.nanoTime = nanoTime;
    }

    private static final class Entry {

        private final Semaphore permits;
        private final long createdNanos;
        private int users;
        private long released;
        /** When the last of the repeated requests is due, in nanoseconds since the creation. */
        private long lastRepeat;

        private Entry(int permits, long now) {
            this.permits = new Semaphore(permits, true);
            this.createdNanos = now;
        }
    }

    /** A permit, held until it is closed. To be closed exactly once. */
    interface Permit extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Waits for a permit.
     *
     * @param timeout the longest wait
     * @return empty after the timeout, once the semaphore is closed, or if the thread is interrupted (its interrupt flag is then set)
     */
    Optional<Permit> acquire(K key, Duration timeout) {
        return acquire(key, permitsPerKey, timeout);
    }

    /** Likewise, for a key with a number of permits of its own, which must be the same each time. */
    Optional<Permit> acquire(K key, int permits, Duration timeout) {
        Entry entry = enter(key, permits);
        boolean acquired = false;
        try {
            acquired = entry.permits.tryAcquire(timeout.toNanos(), TimeUnit.NANOSECONDS) && !closed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            if (!acquired) {
                leave(key, entry);
            }
        }
        return acquired ? Optional.of(() -> release(key, entry)) : Optional.empty();
    }

    /** The number of threads that hold or await a permit of the key. */
    int users(K key) {
        lock.lock();
        try {
            return entries.containsKey(key) ? entries.get(key).users : 0;
        } finally {
            lock.unlock();
        }
    }

    /** Whether somebody waits for a permit of the key. */
    boolean isAwaited(K key) {
        return users(key) > permitsPerKey;
    }

    /** The keys with at least so many users. */
    Set<K> withUsers(int least) {
        lock.lock();
        try {
            Set<K> keys = new HashSet<>();
            entries.forEach((key, entry) -> {
                if (entry.users >= least) {
                    keys.add(key);
                }
            });
            return keys;
        } finally {
            lock.unlock();
        }
    }

    /** The number of waiting threads by key, without keys nobody waits for. */
    Map<K, Integer> waiting() {
        lock.lock();
        try {
            Map<K, Integer> waiting = new HashMap<>();
            entries.forEach((key, entry) -> {
                if (entry.users > permitsPerKey) {
                    waiting.put(key, entry.users - permitsPerKey);
                }
            });
            return waiting;
        } finally {
            lock.unlock();
        }
    }

    /** How requests that found too many users are repeated. */
    enum Repeat {
        /** Each by itself. */
        TOGETHER,
        /** One after the other, at the pace at which permits are released. */
        IN_TURN
    }

    /**
     * When a request that has found too many users should be repeated: after half of the time until the users now have had their permits,
     * estimated by the average time per release.
     *
     * @return from now, between the two limits; half of {@code latest} until a first permit was released
     */
    Duration repeatAfter(K key, Repeat repeat, Duration earliest, Duration latest) {
        lock.lock();
        try {
            Entry entry = entries.get(key);
            if (entry == null || entry.released == 0) {
                return latest.dividedBy(2);
            }
            long now = nanoTime.getAsLong() - entry.createdNanos;
            long perRelease = now / entry.released;
            long soonest = perRelease * entry.users / 2;
            long wanted = repeat == Repeat.IN_TURN ? Math.max(soonest, entry.lastRepeat + perRelease - now) : soonest;
            long after = Math.clamp(wanted, earliest.toNanos(), latest.toNanos());
            entry.lastRepeat = now + after;
            return Duration.ofNanos(after);
        } finally {
            lock.unlock();
        }
    }

    /** Ends all waits and refuses new permits. Permits that are held stay valid. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            entries.values().forEach(entry -> entry.permits.release(UNLIMITED));
        } finally {
            lock.unlock();
        }
    }

    boolean isClosed() {
        return closed;
    }

    private void release(K key, Entry entry) {
        entry.permits.release();
        leave(key, entry);
    }

    private Entry enter(K key, int permits) {
        lock.lock();
        try {
            Entry entry = entries.computeIfAbsent(key, k -> new Entry(closed ? UNLIMITED : permits, nanoTime.getAsLong()));
            entry.users++;
            return entry;
        } finally {
            lock.unlock();
        }
    }

    private void leave(K key, Entry entry) {
        lock.lock();
        try {
            entry.released++;
            if (--entry.users == 0) {
                entries.remove(key);
            }
        } finally {
            lock.unlock();
        }
    }
}
