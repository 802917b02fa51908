package jamestls.outcome;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the two jars meet. Nobody binds this class, so Guice makes one for the whole server and hands the same one to
 * the delivery mailet, which records, and to the reporting mailet, which subscribes. Without a subscriber outcomes go
 * nowhere, at no cost.
 *
 * <p>It must never depend on {@code MailetConfig}: James would then make one for each mailet.
 */
@Singleton
public final class TlsOutcomes implements TlsOutcomeSink {

    private static final Logger LOGGER = LoggerFactory.getLogger(TlsOutcomes.class);

    private final List<TlsOutcomeSink> subscribers = new CopyOnWriteArrayList<>();
    private volatile Optional<String> trouble = Optional.empty();

    @Inject
    public TlsOutcomes() {
    }

    /** From now on {@code sink} gets every outcome; a sink subscribes at most once. */
    public void subscribe(TlsOutcomeSink sink) {
        if (!subscribers.contains(sink)) {
            subscribers.add(sink);
        }
    }

    /** The sink gets nothing more. Unknown sinks are ignored. */
    public void unsubscribe(TlsOutcomeSink sink) {
        subscribers.remove(sink);
    }

    @Override
    public void record(List<TlsOutcome> outcomes) {
        if (outcomes.isEmpty()) {
            return;
        }
        Optional<String> now = Optional.empty();
        for (TlsOutcomeSink subscriber : subscribers) {
            try {
                subscriber.record(outcomes);
            } catch (RuntimeException e) {
                now = Optional.of(e.toString());
                LOGGER.error("{} TLS outcomes for {} were not counted", outcomes.size(), outcomes.getFirst().recipientDomain(), e);
            }
        }
        trouble = now;
    }

    /** What kept the last outcomes from being counted, if anything did: for health checks. */
    public Optional<String> trouble() {
        return trouble;
    }

    @Override
    public void leaving(LeavingReport report) {
        for (TlsOutcomeSink subscriber : subscribers) {
            try {
                subscriber.leaving(report);
            } catch (RuntimeException e) {
                LOGGER.error("report mail {} leaves unseen", report.mail(), e);
            }
        }
    }

    @Override
    public void lost(LostReport report) {
        for (TlsOutcomeSink subscriber : subscribers) {
            try {
                subscriber.lost(report);
            } catch (RuntimeException e) {
                LOGGER.error("the loss of report mail {} was not noted", report.mail(), e);
            }
        }
    }
}
