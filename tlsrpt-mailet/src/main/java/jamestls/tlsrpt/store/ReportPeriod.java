package jamestls.tlsrpt.store;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A part of a day that has a report of its own. A day has one, unless somebody asks for a report while it lasts.
 *
 * @param number 1 for the first of the day
 * @param start its first second
 * @param storeId ten letters and digits that tell the reports of one store from those of any other (RFC 8460 §5.1, unique-id); empty
 *     for a part that a version without them closed, whose report may be known to receivers without it
 */
public record ReportPeriod(int number, Instant start, String storeId) {

    private static final int ID_LENGTH = 10;
    private static final BigInteger RADIX = BigInteger.valueOf(Character.MAX_RADIX);

    /** Without a store's id. */
    public ReportPeriod(int number, Instant start) {
        this(number, start, "");
    }

    static ReportPeriod first(TallyKey key) {
        return new ReportPeriod(1, key.firstSecond());
    }

    /** The same with the id that follows from the store's secret and the key: the same on every server and at every try. */
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
     * The same as it is reported if it is closed at {@code now}. It begins with the day if it can't have begun where the last one ended:
     * when the clock was set back since then, and for sessions that come in after the day was closed.
     */
    ReportPeriod closedAt(Instant now, TallyKey key) {
        boolean late = !start.isBefore(key.lastSecond());
        boolean setBack = now.plusSeconds(2).isBefore(start);
        return late || setBack ? new ReportPeriod(number, key.firstSecond(), storeId) : this;
    }

    /** Its last second if it is closed at {@code now}: within the day, and later than its first. */
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
