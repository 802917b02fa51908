package jamestls.mtasts.dns;

import java.time.Instant;

/**
 * Whether DNSSEC is to be had, and with it DANE. For the log, the health check, a metric and {@code explain}.
 *
 * @param standing how things stand
 * @param detail one line for people: which resolvers, and what is wrong with them
 * @param since when it became so
 */
public record DnssecState(Standing standing, String detail, Instant since) {

    /** How things stand. */
    public enum Standing {
        /** Answers are validated here. */
        VALIDATING,
        /** The resolver on loopback validates, and its word is taken. */
        TRUSTING_RESOLVER,
        /** Switched off by configuration: every answer is insecure. */
        OFF,
        /** No resolver hands through what validation needs: every answer is insecure, and no mail is held for it. */
        UNAVAILABLE,
        /** No resolver answers at all, or none was asked yet. Answers are validated as far as there are any. */
        UNKNOWN
    }

    /** Whether a secure answer, and so DANE, is possible. */
    public boolean available() {
        return standing == Standing.VALIDATING || standing == Standing.TRUSTING_RESOLVER;
    }
}
