package jamestls.mtasts.sts;

import jamestls.net.SanitizedLogger;
import jamestls.storage.StorageOutage;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * A circuit breaker for the policy store. After a failure the store is not called for ten seconds, then one caller tries it again, so
 * that a slow store does not delay every delivery. Start and end of an outage are logged once each.
 */
final class CircuitBreaker {

    static final Duration REST = Duration.ofSeconds(10);
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(CircuitBreaker.class);

    private final Clock clock;
    private final AtomicReference<Outage> current = new AtomicReference<>();

    /**
     * @param since when the outage was noticed
     * @param triedAt when the store was last called
     */
    record Outage(Instant since, Instant triedAt, String why) {

        /** Also when the clock was set back. */
        boolean hasRested(Instant now) {
            return Duration.between(triedAt, now).abs().compareTo(REST) >= 0;
        }
    }

    CircuitBreaker(Clock clock) {
        this.clock = clock;
    }

    /** The present outage; empty if there is none. */
    Optional<Outage> current() {
        return Optional.ofNullable(current.get());
    }

    /** The result of a call to the store; empty during an outage. */
    <T> Optional<T> ask(Supplier<T> question) {
        Outage known = current.get();
        Instant now = clock.instant();
        boolean mayAsk = known == null
            || known.hasRested(now) && current.compareAndSet(known, new Outage(known.since(), now, known.why()));
        if (!mayAsk) {
            return Optional.empty();
        }
        try {
            T answer = question.get();
            if (known != null && current.getAndSet(null) != null) {
                LOGGER.info("The database of MTA-STS policies works again; it failed since {}", known.since());
            }
            return Optional.of(answer);
        } catch (RuntimeException e) {
            Outage begun = known == null ? new Outage(now, now, String.valueOf(e.getMessage())) : null;
            if (begun != null && current.compareAndSet(null, begun)) {
                String consequence = "The database of MTA-STS policies fails; deliveries use the policies in memory and fetch others";
                if (e instanceof StorageOutage) {
                    // of which the database warns
                    LOGGER.info(consequence);
                } else {
                    LOGGER.warn(consequence, e);
                }
            }
            return Optional.empty();
        }
    }
}
