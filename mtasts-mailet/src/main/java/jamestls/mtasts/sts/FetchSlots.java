package jamestls.mtasts.sts;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Bounds how many policies are fetched at a time, and how many of these from one policy host: an eighth. A place that becomes free
 * goes to the host with the fewest fetches under way, so that slow hosts wait for themselves and not others for them.
 *
 * @see FetchLease for servers that fetch the same policy
 */
final class FetchSlots {

    private static final int SHARE = 8;

    private final int max;
    private final Duration patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Object, Integer> running = new HashMap<>();
    private final List<Waiter> waiting = new ArrayList<>();
    private int total;

    private record Waiter(Object host, CompletableFuture<Boolean> granted) {
    }

    /**
     * @param max at a time, at least eight
     * @param patience how long to wait for a place
     */
    FetchSlots(int max, Duration patience) {
        this.max = max;
        this.patience = patience;
    }

    /** What the work gives; empty if there was no place for it in time. */
    <T> Optional<T> run(Object host, Supplier<T> work) {
        if (!acquire(new Waiter(host, new CompletableFuture<>()))) {
            return Optional.empty();
        }
        try {
            return Optional.of(work.get());
        } finally {
            release(host);
        }
    }

    private boolean acquire(Waiter waiter) {
        lock.lock();
        try {
            waiting.add(waiter);
            grant();
        } finally {
            lock.unlock();
        }
        boolean inTime = waiter.granted().copy().completeOnTimeout(false, patience.toMillis(), TimeUnit.MILLISECONDS).join();
        if (inTime) {
            return true;
        }
        lock.lock();
        try {
            // granted at the last moment, or never
            return !waiting.remove(waiter);
        } finally {
            lock.unlock();
        }
    }

    private void release(Object host) {
        lock.lock();
        try {
            total--;
            running.computeIfPresent(host, (key, n) -> n == 1 ? null : n - 1);
            grant();
        } finally {
            lock.unlock();
        }
    }

    /** While the lock is held. */
    private void grant() {
        for (Optional<Waiter> next = next(); total < max && next.isPresent(); next = next()) {
            waiting.remove(next.get());
            total++;
            running.merge(next.get().host(), 1, Integer::sum);
            next.get().granted().complete(true);
        }
    }

    /** The first of those whose host has the fewest fetches under way. */
    private Optional<Waiter> next() {
        Waiter best = null;
        int fewest = max / SHARE;
        for (Waiter waiter : waiting) {
            int now = running.getOrDefault(waiter.host(), 0);
            if (now < fewest) {
                fewest = now;
                best = waiter;
            }
        }
        return Optional.ofNullable(best);
    }
}
