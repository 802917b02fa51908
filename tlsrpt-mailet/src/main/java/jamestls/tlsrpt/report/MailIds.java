package jamestls.tlsrpt.report;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The left halves of the Message-IDs of report mails. The same report to the same address has the same one, from whichever server
 * and however often it goes; and nobody who has not seen the mail can know it, so what names it, a bounce say, is about a mail of
 * ours.
 *
 * @param secret the same for all servers
 */
public record MailIds(byte[] secret) {

    private static final int OCTETS = 16;

    /** @param to a canonical mail address */
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

    boolean isOf(String left, String reportId, String to) {
        return MessageDigest.isEqual(left.getBytes(StandardCharsets.UTF_8), of(reportId, to).getBytes(StandardCharsets.UTF_8));
    }
}
