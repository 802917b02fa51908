package jamestls.dns;

import java.time.Instant;
import java.util.Optional;

/**
 * Whether DNSSEC, and with it DANE, is available. For the log, the health check, a metric and {@code explain}.
 *
 * @param standing the state
 * @param detail one line for people: which resolvers, and their faults
 * @param since when the state began
 */
public record DnssecState(Standing standing, String detail, Instant since) {

    /** The states, of all resolvers together. */
    public enum Standing {
        /** Answers are validated here. */
        VALIDATING,
        /** The resolver on loopback validates, and its AD bit is trusted. */
        TRUSTING_RESOLVER,
        /** Switched off by configuration: every answer is insecure. */
        OFF,
        /**
         * No resolver passes on what validation needs, or with trust-ad none validates: every answer is
         * insecure, and no mail is held for it.
         */
        UNAVAILABLE,
        /** No resolver answers the probe. Answers are validated as far as there are any. */
        UNKNOWN,
        /**
         * A resolver that supported validation since the start no longer does. Look-ups that fail because of it fail, and mail
         * waits.
         */
        FAILING,
        /** The first probe is not over. */
        NOT_ASKED
    }

    /** Whether a secure answer, and so DANE, is possible. */
    public boolean available() {
        return standing == Standing.VALIDATING || standing == Standing.TRUSTING_RESOLVER;
    }

    /** The problem as a sentence for the health check; empty if all is as configured. */
    public Optional<String> trouble() {
        return switch (standing) {
            case UNAVAILABLE -> Optional.of("DNSSEC is not available since " + since + ", so DANE is off: " + detail);
            case UNKNOWN -> Optional.of("no resolver answers since " + since + ", so it is unknown whether DNSSEC is available: " + detail);
            case FAILING -> Optional.of("DNSSEC fails since " + since + " through resolvers that supported it before, so mail waits: "
                + detail + ". Repair them; if they were changed on purpose, set dnsServers or dnssec=off, or restart James.");
            case VALIDATING, TRUSTING_RESOLVER, OFF, NOT_ASKED -> Optional.empty();
        };
    }

    /**
     * The same for a gauge: 2 validated here, 1 the resolver is trusted, 0 switched off or not asked yet, -1 not available,
     * -2 no resolver answers, -3 failing since it worked. Below zero something is wrong.
     */
    public int gauge() {
        return switch (standing) {
            case VALIDATING -> 2;
            case TRUSTING_RESOLVER -> 1;
            case OFF, NOT_ASKED -> 0;
            case UNAVAILABLE -> -1;
            case UNKNOWN -> -2;
            case FAILING -> -3;
        };
    }
}
