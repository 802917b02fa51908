package jamestls.mtasts.sts;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands between us and a store that may be out of order. Once it has failed it is left alone for ten seconds at a time, then
 * one caller tries it again: a store that answers late must not make every delivery late. Beginning and end are logged, once
 * each.
 */
final class CircuitBreaker {

    static final Duration REST = Duration.ofSeconds(10);
    private static final Logger LOGGER = LoggerFactory.getLogger(CircuitBreaker.class);

    private final Clock clock;
    private final AtomicReference<Outage> current = new AtomicReference<>();

    /**
     * @param since when it was noticed
     * @param triedAt when the store was asked last
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

    /** The outage that lasts. */
    Optional<Outage> current() {
        return Optional.ofNullable(current.get());
    }

    /** What the store answers; empty if it can't. */
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
                LOGGER.info("The store of MTA-STS policies is back in order; it was not since {}", known.since());
            }
            return Optional.of(answer);
        } catch (RuntimeException e) {
            Outage begun = known == null ? new Outage(now, now, String.valueOf(e.getMessage())) : null;
            if (begun != null && current.compareAndSet(null, begun)) {
                LOGGER.warn("The store of MTA-STS policies is out of order; going on with the policies in memory and live fetches", e);
            }
            return Optional.empty();
        }
    }
}
