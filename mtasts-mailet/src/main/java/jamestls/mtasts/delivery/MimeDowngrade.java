package jamestls.mtasts.delivery;

import jakarta.activation.DataHandler;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import jakarta.mail.internet.MimePart;
import jakarta.mail.util.ByteArrayDataSource;
import java.io.IOException;
import java.io.InputStream;

/**
 * Makes 7 bits of 8 for servers without 8BITMIME (RFC 6152 §3): text becomes quoted-printable, anything else base64. What
 * is signed as a part stays as it is, for a signature covers the encoding (RFC 1847 §2.1), and so does a message within the
 * message.
 */
final class MimeDowngrade {

    private static final int DEEPEST = 20;

    private MimeDowngrade() {
    }

    /** A copy whose parts are encoded; the original is not touched. */
    static MimeMessage copyOf(MimeMessage message) throws MessagingException, IOException {
        MimeMessage copy = new MimeMessage(message) {
            @Override
            protected void updateMessageID() {
                // it is the same message
            }
        };
        if (convert(copy, 0)) {
            copy.saveChanges();
        }
        return copy;
    }

    /** @return whether anything was changed */
    private static boolean convert(MimePart part, int depth) throws MessagingException, IOException {
        if (part.isMimeType("multipart/signed") || part.isMimeType("message/*") || depth > DEEPEST) {
            return false;
        }
        if (part.isMimeType("multipart/*") && part.getContent() instanceof MimeMultipart parts) {
            boolean changed = false;
            for (int i = 0; i < parts.getCount(); i++) {
                changed |= parts.getBodyPart(i) instanceof MimePart child && convert(child, depth + 1);
            }
            if (changed) {
                // what a part's header says of the encoding of its parts must be true again
                part.removeHeader("Content-Transfer-Encoding");
            }
            return changed;
        }
        byte[] content;
        try (InputStream in = part.getInputStream()) {
            content = in.readAllBytes();
        }
        if (isEncoded(part) || isSevenBit(content)) {
            return false;
        }
        part.setDataHandler(new DataHandler(new ByteArrayDataSource(content, part.getContentType())));
        part.setHeader("Content-Transfer-Encoding", part.isMimeType("text/*") ? "quoted-printable" : "base64");
        return true;
    }

    private static boolean isEncoded(MimePart part) throws MessagingException {
        String encoding = part.getEncoding();
        return encoding != null && !encoding.equalsIgnoreCase("7bit") && !encoding.equalsIgnoreCase("8bit")
            && !encoding.equalsIgnoreCase("binary");
    }

    private static boolean isSevenBit(byte[] content) {
        for (byte b : content) {
            if (b < 0) {
                return false;
            }
        }
        return true;
    }
}
