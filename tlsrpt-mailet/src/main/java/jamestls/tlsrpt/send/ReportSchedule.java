package jamestls.tlsrpt.send;

import jamestls.config.Parameters;
import jamestls.dns.DomainName;
import jamestls.net.Backoff;
import jamestls.tlsrpt.store.TallyKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Decides when the report of a day is due and when it is retried. Reports are due some minutes after midnight UTC, spread over a window,
 * so that a reporter does not send all its reports at the same time, and a domain does not get the reports of all reporters at the same
 * time (RFC 8460 §4.1). The offset is derived from day, domain, submitter and the secret of the store, so it is the same on all servers
 * of an installation and after a restart, and differs between installations.
 *
 * @param grace pause after midnight, in which the last sessions of the day are counted
 * @param window time over which the reports of a day are spread; zero if they are all due at the same time
 */
public record ReportSchedule(Duration grace, Duration window) {

    private static final Duration MAX = Duration.ofHours(12);
    /** Reports are tried for this long after the day's end. */
    private static final Duration MAX_AGE = Duration.ofHours(48);
    private static final Duration LAST_CHANCE_BEFORE_END = Duration.ofMinutes(5);
    /** RFC 8460 §5.5 asks for growing pauses. */
    private static final Backoff RETRIES = new Backoff(Duration.ofMinutes(5), Duration.ofHours(4));
    /** A destination can't delay its report for longer. */
    private static final Duration MAX_RETRY_AFTER = Duration.ofHours(8);
    /** The pauses between 11 tries add up to 21 hours and a quarter; RFC 8460 §5.5 asks for a day at most. */
    private static final int MAX_TRIES = 11;

    /** Reads the parameters {@code grace} and {@code window}. */
    public static ReportSchedule of(Parameters parameters) {
        return new ReportSchedule(
            parameters.duration("grace", Duration.ofMinutes(5), ChronoUnit.SECONDS, Duration.ZERO, MAX),
            parameters.duration("window", Duration.ofHours(4), ChronoUnit.SECONDS, Duration.ZERO, MAX));
    }

    /**
     * The earliest time at which the report may be sent.
     *
     * @param submitter domain of the reporting identity
     * @param secret the store's secret
     */
    public Instant dueAt(TallyKey key, DomainName submitter, byte[] secret) {
        Instant first = key.endOfDay().plus(grace);
        return window.isZero() ? first : first.plusMillis(offset(key.day() + " " + key.domain() + " " + submitter, secret));
    }

    private long offset(String report, byte[] secret) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            byte[] code = mac.doFinal(report.getBytes(StandardCharsets.US_ASCII));
            return Long.remainderUnsigned(ByteBuffer.wrap(code).getLong(), window.toMillis());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has HMAC with SHA-256", e);
        }
    }

    /** The time of the last attempt for a report that waits for the daily limit of its host. */
    static Instant lastChance(TallyKey key) {
        return key.endOfDay().plus(MAX_AGE).minus(LAST_CHANCE_BEFORE_END);
    }

    /**
     * The pause before a report is retried at a destination.
     *
     * @param tries before the one that failed, zero for the first
     * @param retryAfter pause that the destination asks for; the result is not shorter, but at most {@link #MAX_RETRY_AFTER} for it
     */
    static Duration retryPause(int tries, Duration retryAfter) {
        Duration own = retryPause(tries);
        Duration asked = retryAfter.compareTo(MAX_RETRY_AFTER) > 0 ? MAX_RETRY_AFTER : retryAfter;
        return asked.compareTo(own) > 0 ? asked : own;
    }

    /** As {@link #retryPause(int, Duration)}, if the destination asks for no pause. */
    static Duration retryPause(int tries) {
        return RETRIES.pause(tries);
    }

    /** Whether a destination that failed that many tries is given up. */
    static boolean isLastTry(int tries) {
        return tries >= MAX_TRIES;
    }

    /** Whether the day's end is more than 48 hours ago, so that the report is not tried any more. */
    public static boolean isTooOld(TallyKey key, Instant now) {
        return now.isAfter(key.endOfDay().plus(MAX_AGE));
    }
}
