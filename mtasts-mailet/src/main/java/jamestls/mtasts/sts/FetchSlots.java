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
 * Bounds the concurrent fetches of policies, and those from one policy host to an eighth of that. A free slot goes to the host with the
 * fewest running fetches, so that slow hosts delay only their own.
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
     * @param max the maximum of concurrent fetches, at least eight
     * @param patience the longest wait for a slot
     */
    FetchSlots(int max, Duration patience) {
        this.max = max;
        this.patience = patience;
    }

    /** The result of the work; empty if no slot was free in time. */
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
            // the slot may have been granted at the last moment
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

    /** To be called with the lock held. */
    private void grant() {
        for (Optional<Waiter> next = next(); total < max && next.isPresent(); next = next()) {
            waiting.remove(next.get());
            total++;
            running.merge(next.get().host(), 1, Integer::sum);
            next.get().granted().complete(true);
        }
    }

    /** The first waiter whose host has the fewest running fetches. */
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
