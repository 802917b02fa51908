package jamestls.dns;

import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What one validated question may cost, and what went wrong below it. The validator knows nothing of either; it hands its
 * executor down to every query it makes, so the executor carries them.
 */
final class QueryBudget implements Executor {

    /** Two per label of the longest chain of zones in real use is far less; a hostile name has up to 127 labels. */
    static final int MAX_QUERIES = 48;

    /** What the NSEC3 records of the answer itself ask of a validator. */
    enum Hashing {
        NONE, AFFORDABLE,
        /** More iterations than anyone should follow (RFC 9276 §3.2). */
        TOO_COSTLY
    }

    private final long deadline;
    private final AtomicInteger queries = new AtomicInteger();
    private final AtomicReference<String> failure = new AtomicReference<>();
    private final AtomicReference<Hashing> hashing = new AtomicReference<>(Hashing.NONE);

    /** @param deadline on {@link System#nanoTime}'s clock */
    QueryBudget(long deadline) {
        this.deadline = deadline;
    }

    @Override
    public void execute(Runnable task) {
        Thread.startVirtualThread(task);
    }

    long deadline() {
        return deadline;
    }

    /** Whether another query may be made. */
    boolean spend() {
        return queries.incrementAndGet() <= MAX_QUERIES;
    }

    void failed(String reason) {
        failure.compareAndSet(null, reason);
    }

    /** The first query below that got no answer. */
    Optional<String> failure() {
        return Optional.ofNullable(failure.get());
    }

    void hashing(Hashing seen) {
        hashing.set(seen);
    }

    Hashing hashing() {
        return hashing.get();
    }
}
