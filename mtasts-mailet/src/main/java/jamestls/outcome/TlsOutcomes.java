package jamestls.outcome;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jamestls.dns.DomainName;
import jamestls.net.SanitizedLogger;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * Connects the delivery mailet, which records outcomes, with the reporting mailet, which subscribes. Without a binding Guice creates one
 * instance for the whole server.
 *
 * <p>It must not depend on {@code MailetConfig}, or James would create one per mailet.
 */
@Singleton
public final class TlsOutcomes implements TlsOutcomeSink, ReportMailListener {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(TlsOutcomes.class);

    private final List<TlsOutcomeSink> sinks = new CopyOnWriteArrayList<>();
    private final List<ReportMailListener> listeners = new CopyOnWriteArrayList<>();
    private final List<SessionCounter> counters = new CopyOnWriteArrayList<>();
    private volatile Optional<String> trouble = Optional.empty();

    /** Knows how many sessions were counted; implemented by who counts them. */
    @FunctionalInterface
    public interface SessionCounter {

        /** The sessions of the current UTC day for mail to that domain; empty if that is not known. May throw if the store fails. */
        Optional<Sessions> today(DomainName recipientDomain);

        /** The sessions of the last UTC days, the current one included; empty if that is not known. May throw if the store fails. */
        default Optional<Sessions> lastDays(DomainName recipientDomain, int days) {
            return today(recipientDomain);
        }
    }

    /**
     * Numbers of sessions.
     *
     * @param failed those that did not meet a policy, among all of them
     */
    public record Sessions(long all, long failed) {
    }

    @Inject
    public TlsOutcomes() {
    }

    /** Subscribes a sink to all outcomes; a second subscription is ignored. */
    public void subscribe(TlsOutcomeSink sink) {
        if (!sinks.contains(sink)) {
            sinks.add(sink);
        }
    }

    /** Unsubscribes a sink; unknown sinks are ignored. */
    public void unsubscribe(TlsOutcomeSink sink) {
        sinks.remove(sink);
    }

    /** Adds a listener for report mails; a second call is ignored. */
    public void addListener(ReportMailListener listener) {
        if (!listeners.contains(listener)) {
            listeners.add(listener);
        }
    }

    /** Removes a listener; unknown listeners are ignored. */
    public void removeListener(ReportMailListener listener) {
        listeners.remove(listener);
    }

    /** From now on {@code counter} is asked for numbers of sessions; a counter is added at most once. */
    public void addCounter(SessionCounter counter) {
        if (!counters.contains(counter)) {
            counters.add(counter);
        }
    }

    /** The counter is asked no more. Unknown counters are ignored. */
    public void removeCounter(SessionCounter counter) {
        counters.remove(counter);
    }

    /** The sessions of the current UTC day for mail to that domain; empty if nobody counts them. */
    public Optional<Sessions> sessionsToday(DomainName recipientDomain) {
        return counters.stream().map(counter -> counter.today(recipientDomain)).flatMap(Optional::stream).findFirst();
    }

    /** The sessions of the last UTC days for mail to that domain, the current day included; empty if nobody counts them. */
    public Optional<Sessions> sessions(DomainName recipientDomain, int days) {
        return counters.stream().map(counter -> counter.lastDays(recipientDomain, days)).flatMap(Optional::stream).findFirst();
    }

    @Override
    public void record(List<TlsOutcome> outcomes) {
        if (outcomes.isEmpty()) {
            return;
        }
        Optional<String> now = Optional.empty();
        for (TlsOutcomeSink sink : sinks) {
            try {
                sink.record(outcomes);
            } catch (RuntimeException | Error e) {
                now = Optional.of(e.toString());
                LOGGER.error("{} TLS outcomes for {} were not counted", outcomes.size(), outcomes.getFirst().recipientDomain(), e);
            }
        }
        trouble = now;
    }

    /** Why the last outcomes could not be counted, for health checks; empty if they were. */
    public Optional<String> trouble() {
        return trouble;
    }

    @Override
    public void leaving(LeavingReport report) {
        tellAll(listener -> listener.leaving(report), "Report mail {} is not monitored", report.mail());
    }

    @Override
    public void lost(LostReport report) {
        tellAll(listener -> listener.lost(report), "The loss of report mail {} was not noted", report.mail());
    }

    private void tellAll(Consumer<ReportMailListener> what, String failure, String mail) {
        for (ReportMailListener listener : listeners) {
            try {
                what.accept(listener);
            } catch (RuntimeException | Error e) {
                LOGGER.error(failure, mail, e);
            }
        }
    }
}
