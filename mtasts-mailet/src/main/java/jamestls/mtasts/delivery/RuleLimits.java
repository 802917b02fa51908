package jamestls.mtasts.delivery;

import jamestls.mtasts.delivery.FairKeyedSemaphore.Permit;
import jamestls.mtasts.policy.Rule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * The limits of the operator's rules: the maximum of concurrent deliveries, and of deliveries in a time, to all destinations of one rule
 * together. Each server counts for itself, up to its equal share of the limit. A rate is a token bucket that holds the tokens of one
 * second, at least one.
 */
final class RuleLimits implements AutoCloseable {

    /** The bound of buckets. There are more than rules if rules were changed; full buckets are removed. */
    private static final int MAX_BUCKETS = 4_000;
    /** The bound of mails that wait for one rule. Further ones return to the queue, so that other mails are taken. */
    private static final int MAX_WAITING = 1_000;

    private final FairKeyedSemaphore<String> concurrency = new FairKeyedSemaphore<>(1);
    private final CountDownLatch closed = new CountDownLatch(1);
    private final LongSupplier nanoClock;
    private volatile IntSupplier servers = () -> 1;
    private final ReentrantLock lock = new ReentrantLock();
    /** The time of the clock at which the bucket of a rule and rate is full again. */
    private final Map<String, Long> fullAt = new HashMap<>();

    RuleLimits() {
        this(System::nanoTime);
    }

    /** @param nanoClock a monotonic clock in nanoseconds */
    RuleLimits(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    /** The limits are divided by the number of servers; at least one delivery at a time remains. */
    void shareWith(IntSupplier running) {
        servers = running;
    }

    /**
     * The result of a wait.
     *
     * @param permit empty after the timeout, or if James is stopping
     * @param later the time after which the rate may allow a delivery, if the rate was the reason
     */
    record Waited(Optional<Permit> permit, Optional<Duration> later) {
    }

    /**
     * Waits until all the rules allow one more delivery.
     *
     * @param timeout the longest wait for each of their limits
     */
    Waited acquire(List<Rule> rules, Duration timeout) {
        List<Permit> acquired = new ArrayList<>();
        for (Rule rule : rules) {
            Waited one = acquire(rule, timeout);
            if (one.permit().isEmpty()) {
                acquired.forEach(Permit::close);
                return one;
            }
            acquired.add(one.permit().get());
        }
        return new Waited(Optional.of(() -> acquired.forEach(Permit::close)), Optional.empty());
    }

    private Waited acquire(Rule rule, Duration timeout) {
        String key = rule.destination().toString();
        int sharers = Math.max(1, servers.getAsInt());
        Permit permit = () -> { };
        if (rule.traffic().concurrency().isPresent()) {
            int most = Math.max(1, rule.traffic().concurrency().getAsInt() / sharers);
            Optional<Permit> one = concurrency.users(key + " " + most) >= most + MAX_WAITING ? Optional.empty()
                : concurrency.acquire(key + " " + most, most, timeout);
            if (one.isEmpty()) {
                return new Waited(Optional.empty(), Optional.empty());
            }
            permit = one.get();
        }
        Optional<Duration> tooLong = rule.traffic().rate().flatMap(rate ->
            awaitToken(key + " " + rate + " " + sharers, rate.nanosApart() * sharers, timeout));
        if (tooLong.isPresent()) {
            permit.close();
            return new Waited(Optional.empty(), tooLong);
        }
        return new Waited(Optional.of(permit), Optional.empty());
    }

    /** Takes a token, waiting if necessary. Returns the necessary wait, and takes none, if it is longer than the timeout. */
    private Optional<Duration> awaitToken(String key, long nanosApart, Duration timeout) {
        long wait;
        lock.lock();
        try {
            long now = nanoClock.getAsLong();
            if (fullAt.size() >= MAX_BUCKETS) {
                fullAt.values().removeIf(full -> full - now <= 0);
            }
            long size = Math.max(1, 1_000_000_000L / nanosApart);
            long missing = Math.max(0, fullAt.getOrDefault(key, now) - now);
            wait = Math.max(0, missing - (size - 1) * nanosApart);
            if (wait > timeout.toNanos()) {
                return Optional.of(Duration.ofNanos(wait));
            }
            fullAt.put(key, now + missing + nanosApart);
        } finally {
            lock.unlock();
        }
        try {
            return wait == 0 || !closed.await(wait, TimeUnit.NANOSECONDS) ? Optional.empty() : Optional.of(Duration.ZERO);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of(Duration.ZERO);
        }
    }

    /** Ends all waits. */
    @Override
    public void close() {
        closed.countDown();
        concurrency.close();
    }
}
