package jamestls.tlsrpt.store;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Part of a day with its own report. A day has one part, unless a report is requested before its end.
 *
 * @param number number of the part, from 1
 * @param start first second
 * @param storeId ten letters and digits that distinguish the reports of this store from those of others (RFC 8460 §5.1, unique-id);
 *     empty for a part that was closed by a version without store ids
 */
public record ReportPeriod(int number, Instant start, String storeId) {

    private static final int ID_LENGTH = 10;
    private static final BigInteger RADIX = BigInteger.valueOf(Character.MAX_RADIX);

    /** A part without a store id. */
    public ReportPeriod(int number, Instant start) {
        this(number, start, "");
    }

    static ReportPeriod first(TallyKey key) {
        return new ReportPeriod(1, key.firstSecond());
    }

    /** The same part with the store id, which is derived from the store's secret and the key, so all servers agree on it. */
    ReportPeriod in(byte[] secret, TallyKey key) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            byte[] code = mac.doFinal(("report-id " + key.day() + " " + key.name()).getBytes(StandardCharsets.US_ASCII));
            String digits = new BigInteger(1, code).mod(RADIX.pow(ID_LENGTH)).toString(Character.MAX_RADIX);
            return new ReportPeriod(number, start, "0".repeat(ID_LENGTH - digits.length()) + digits);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has HMAC with SHA-256", e);
        }
    }

    /**
     * The part as it is reported when it is closed at {@code now}. It starts with the day if it can't start where the last part ended:
     * when the clock was set back, or for sessions that were counted after the day's last part was closed.
     */
    ReportPeriod closedAt(Instant now, TallyKey key) {
        boolean late = !start.isBefore(key.lastSecond());
        boolean setBack = now.plusSeconds(2).isBefore(start);
        return late || setBack ? new ReportPeriod(number, key.firstSecond(), storeId) : this;
    }

    /** Last second of the part when it is closed at {@code now}: within the day and after the first second. */
    Instant endAt(Instant now, TallyKey key) {
        Instant second = Instant.ofEpochSecond(now.getEpochSecond());
        Instant end = second.isAfter(key.lastSecond()) ? key.lastSecond() : second;
        return end.isAfter(start) ? end : start.plusSeconds(1);
    }

    /** The part after one that ends at {@code end}. */
    ReportPeriod next(Instant end, TallyKey key) {
        Instant following = end.plusSeconds(1);
        return new ReportPeriod(number + 1, following.isAfter(key.lastSecond()) ? key.lastSecond() : following);
    }
}
