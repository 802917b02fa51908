package jamestls.tlsrpt.report;

import jamestls.tlsrpt.store.DestinationStore;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.function.Supplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Generates the left parts of the Message-IDs of report mails. They are derived from report-id, recipient and the store's secret: equal
 * when a report is sent again, by any server, and unpredictable for others, so a bounce that quotes one is about a mail of ours.
 *
 * @param secret the store's secret, the same for all servers
 */
public record MailIds(byte[] secret) {

    private static final int OCTETS = 16;

    /**
     * The left part of the Message-ID of a report mail.
     *
     * @param to canonical mail address of the recipient
     */
    public String of(String reportId, String to) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            byte[] code = mac.doFinal((reportId + " " + to).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(code, 0, OCTETS);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has HMAC with SHA-256", e);
        }
    }

    boolean matches(String left, String reportId, String to) {
        return MessageDigest.isEqual(left.getBytes(StandardCharsets.UTF_8), of(reportId, to).getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Supplies the ids that follow from the store's secret. The secret is read at the first call and kept; a call throws
     * {@code StorageOutage} as long as it could not be read.
     */
    public static final class Shared implements Supplier<MailIds> {

        private final DestinationStore store;
        private volatile MailIds ids;

        public Shared(DestinationStore store) {
            this.store = store;
        }

        @Override
        public MailIds get() {
            MailIds known = ids;
            if (known == null) {
                known = new MailIds(store.secret());
                ids = known;
            }
            return known;
        }
    }
}
