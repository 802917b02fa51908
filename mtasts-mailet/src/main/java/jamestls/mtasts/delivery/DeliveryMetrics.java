package jamestls.mtasts.delivery;

import jamestls.mtasts.policy.Verdict.TlsLevel;
import jamestls.mtasts.waiting.WaitingRepository;
import java.util.EnumMap;
import java.util.Map;
import org.apache.james.metrics.api.Metric;
import org.apache.james.metrics.api.MetricFactory;

/** Counters and timer of deliveries in James's metrics. The command line runs without James and uses {@link #none}. */
public interface DeliveryMetrics {

    /** What is counted. The names are fixed; docs/monitoring.md lists them. */
    enum Count {
        /** Mails that a server accepted for at least one recipient; stock RemoteDelivery's name. */
        DELIVERED("outgoingMails"),
        SESSION_AUTHENTICATED("mtastsSessionsAuthenticated"),
        SESSION_UNAUTHENTICATED("mtastsSessionsUnauthenticated"),
        SESSION_CLEAR_TEXT("mtastsSessionsClearText"),
        SESSION_REFUSED_BY_POLICY("mtastsSessionsRefusedByPolicy"),
        SESSION_FAILED("mtastsSessionsFailed"),
        SESSION_REUSED("mtastsSessionsReused"),
        FALL_BACK("mtastsFallbacksToClearText"),
        /** Mails that a host got only because a rule holds in place of the domain's demand. */
        OVERRIDDEN("mtastsDeliveriesByOverride"),
        /** Mails that a host got only because policies are observed. */
        OBSERVED("mtastsDeliveriesObserved"),
        DEFERRED_POLICY("mtastsDeferralsPolicy"),
        DEFERRED_NETWORK("mtastsDeferralsNetwork"),
        DEFERRED_DNS("mtastsDeferralsDns"),
        DEFERRED_REPLY("mtastsDeferralsReply"),
        DEFERRED_OTHER("mtastsDeferralsOther"),
        BOUNCED("mtastsBounces"),
        /** Mails put into the repository until their next attempt. */
        WAITS_PARKED("mtastsWaitsParked"),
        WAITS_RESUMED("mtastsWaitsResumed"),
        /** Mails that may have been put into the queue twice, because the server or the queue failed at that moment. */
        WAITS_DOUBTFUL("mtastsWaitsDoubtful"),
        WAITS_MISSING("mtastsWaitsMissing");

        private final String metric;

        Count(String metric) {
            this.metric = metric;
        }

        /** What counts an event of waiting mails. */
        public static Count of(WaitingRepository.Event event) {
            return switch (event) {
                case PARKED -> WAITS_PARKED;
                case RESUMED -> WAITS_RESUMED;
                case DOUBTFUL -> WAITS_DOUBTFUL;
                case MISSING -> WAITS_MISSING;
            };
        }

        /** The name of the metric in James. */
        String metric() {
            return metric;
        }
    }

    void count(Count count);

    /** Starts the timer of an attempt; the returned action stops and publishes it. */
    Runnable attempt();

    /** Counts nothing. */
    static DeliveryMetrics none() {
        return new DeliveryMetrics() {
            @Override
            public void count(Count count) {
                // the command line publishes no metrics
            }

            @Override
            public Runnable attempt() {
                return () -> { };
            }
        };
    }

    /** Counts in James's metrics. */
    static DeliveryMetrics of(MetricFactory factory) {
        return new JamesMetrics(factory);
    }

    /** In a class of its own: the command line runs without James's classes. */
    final class JamesMetrics implements DeliveryMetrics {

        /** The timer of one attempt; stock RemoteDelivery's name. */
        private static final String ATTEMPT = "RemoteDeliveryTrial";

        private final MetricFactory factory;
        private final Map<Count, Metric> counters = new EnumMap<>(Count.class);

        private JamesMetrics(MetricFactory factory) {
            this.factory = factory;
            for (Count count : Count.values()) {
                counters.put(count, factory.generate(count.metric()));
            }
        }

        @Override
        public void count(Count count) {
            counters.get(count).increment();
        }

        @Override
        public Runnable attempt() {
            return factory.timer(ATTEMPT)::stopAndPublish;
        }
    }

    /** Counts a session that satisfied the demand. */
    default void session(TlsLevel level) {
        count(switch (level) {
            case AUTHENTICATED -> Count.SESSION_AUTHENTICATED;
            case UNAUTHENTICATED -> Count.SESSION_UNAUTHENTICATED;
            case NONE -> Count.SESSION_CLEAR_TEXT;
        });
    }

    /** Counts the result of an attempt. */
    default void finished(DeliveryResult result) {
        switch (result) {
            case DeliveryResult.Answered answered -> {
                if (!answered.accepted().isEmpty()) {
                    count(Count.DELIVERED);
                }
                answered.failed().values().forEach(failure -> count(failure.isPermanent() ? Count.BOUNCED : Count.DEFERRED_REPLY));
            }
            case DeliveryResult.Deferred deferred -> count(causeOf(deferred.why().status()));
            case DeliveryResult.Refused refused -> count(Count.BOUNCED);
            case DeliveryResult.Postponed postponed -> {
                // nothing was tried
            }
        }
    }

    /** The counter for an enhanced status code, as in the table of deferrals in docs/monitoring.md. */
    private static Count causeOf(String status) {
        if (status.startsWith("4.7.")) {
            return Count.DEFERRED_POLICY;
        }
        return switch (status) {
            case "4.4.3", "4.1.2" -> Count.DEFERRED_DNS;
            case "4.4.1", "4.4.2" -> Count.DEFERRED_NETWORK;
            case "4.3.0" -> Count.DEFERRED_OTHER;
            default -> Count.DEFERRED_REPLY;
        };
    }
}
