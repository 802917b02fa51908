package jamestls.mtasts.delivery;

import jamestls.mtasts.policy.TlsLevel;

/** Counts what deliveries do. The command line runs without James's metrics, and counts nothing. */
public interface Meter {

    /** What is counted. The names are fixed; docs/monitoring.md lists them. */
    enum Count {
        /** Mails a server took, at least for one recipient; stock RemoteDelivery's name. */
        DELIVERED("outgoingMails"),
        SESSION_AUTHENTICATED("mtastsSessionsAuthenticated"),
        SESSION_UNAUTHENTICATED("mtastsSessionsUnauthenticated"),
        SESSION_CLEAR_TEXT("mtastsSessionsClearText"),
        SESSION_REFUSED_BY_POLICY("mtastsSessionsRefusedByPolicy"),
        SESSION_FAILED("mtastsSessionsFailed"),
        SESSION_REUSED("mtastsSessionsReused"),
        FALL_BACK("mtastsFallbacksToClearText"),
        DEFERRED_POLICY("mtastsDeferralsPolicy"),
        DEFERRED_NETWORK("mtastsDeferralsNetwork"),
        DEFERRED_DNS("mtastsDeferralsDns"),
        DEFERRED_REPLY("mtastsDeferralsReply"),
        DEFERRED_OTHER("mtastsDeferralsOther"),
        BOUNCED("mtastsBounces");

        private final String metric;

        Count(String metric) {
            this.metric = metric;
        }

        /** Its name to James. */
        String metric() {
            return metric;
        }
    }

    void count(Count count);

    /** An attempt begins; what comes back is run at its end. */
    Runnable attempt();

    /** Counts nothing. */
    static Meter none() {
        return new Meter() {
            @Override
            public void count(Count count) {
                // nobody asks
            }

            @Override
            public Runnable attempt() {
                return () -> { };
            }
        };
    }

    /** A session that could take the mail. */
    default void session(TlsLevel level) {
        count(switch (level) {
            case AUTHENTICATED -> Count.SESSION_AUTHENTICATED;
            case UNAUTHENTICATED -> Count.SESSION_UNAUTHENTICATED;
            case NONE -> Count.SESSION_CLEAR_TEXT;
        });
    }

    /** How an attempt ended. */
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

    /** From the enhanced status code, which the table of deferrals in docs/monitoring.md explains. */
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
