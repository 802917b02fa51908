package jamestls.tlsrpt.send;

import jamestls.config.Parameters;
import jamestls.dns.DomainName;
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
 * When a finished day's report is due: some minutes after midnight UTC, and then spread over a window, so that neither the reports of
 * one reporter nor those of all reporters about one domain go at once (RFC 8460 §4.1). The offset follows from day, domain, submitter
 * and the secret of the store: the same on every node and after every restart, and different in every installation.
 *
 * @param grace time for sessions that end at midnight to be counted
 * @param window over which the reports of a day are spread, zero for all at once
 */
public record ReportSchedule(Duration grace, Duration window) {

    private static final Duration MAX = Duration.ofHours(12);
    /** How long after the day's end delivery is tried. */
    private static final Duration OLDEST = Duration.ofHours(48);
    private static final Duration LAST_LOOK = Duration.ofMinutes(5);

    /** Reads the parameters {@code grace} and {@code window}. */
    public static ReportSchedule of(Parameters parameters) {
        return new ReportSchedule(
            parameters.duration("grace", Duration.ofMinutes(5), ChronoUnit.SECONDS, Duration.ZERO, MAX),
            parameters.duration("window", Duration.ofHours(4), ChronoUnit.SECONDS, Duration.ZERO, MAX));
    }

    /**
     * The first instant at which the report may go.
     *
     * @param submitter who reports
     * @param secret of the store
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

    /** A last look at a report that waited for its share before it is too old. */
    static Instant lastChance(TallyKey key) {
        return key.endOfDay().plus(OLDEST).minus(LAST_LOOK);
    }

    /** True when the day's end is more than 48 hours ago and the receiver has stopped waiting. */
    public static boolean isTooOld(TallyKey key, Instant now) {
        return now.isAfter(key.endOfDay().plus(OLDEST));
    }
}
