package jamestls.mtasts.delivery;

import jakarta.activation.DataHandler;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeBodyPart;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import jakarta.mail.internet.MimePart;
import jakarta.mail.util.ByteArrayDataSource;
import jamestls.mtasts.delivery.MailContent.Gauge;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Encodes the parts of a message that a server can't take as they are: 8-bit content for a server without 8BITMIME
 * (RFC 6152 §3), and lines of more than 998 octets (RFC 5321 §4.5.3.1.6). Text becomes quoted-printable, anything else base64.
 * Signed parts are not changed, because the signature covers the encoding (RFC 1847 §2.1). Enclosed messages are not changed,
 * because they must not be encoded (RFC 2046 §5.2.1).
 */
final class MimeDowngrade {

    private static final int MAX_DEPTH = 20;

    private final Set<Reason> reasons;

    private MimeDowngrade(Set<Reason> reasons) {
        this.reasons = reasons;
    }

    /** Why a part has to be encoded. */
    enum Reason {
        EIGHT_BIT,
        LONG_LINES
    }

    /** Copies the message with the parts concerned encoded; empty if there are none. The message itself is not changed. */
    static Optional<MimeMessage> copyOf(MimeMessage message, Set<Reason> reasons) throws MessagingException, IOException {
        MimeMessage copy = new MimeMessage(message) {
            @Override
            protected void updateMessageID() {
                // a conversion does not make another message
            }
        };
        if (!new MimeDowngrade(reasons).convert(copy, 0)) {
            return Optional.empty();
        }
        copy.saveChanges();
        return Optional.of(copy);
    }

    /** @return whether anything was changed */
    private boolean convert(MimePart part, int depth) throws MessagingException, IOException {
        if (part.isMimeType("multipart/signed") || part.isMimeType("message/*") || depth > MAX_DEPTH) {
            return false;
        }
        if (part.isMimeType("multipart/*") && part.getContent() instanceof MimeMultipart parts) {
            boolean changed = false;
            for (int i = 0; i < parts.getCount(); i++) {
                changed |= parts.getBodyPart(i) instanceof MimePart child && convert(child, depth + 1);
            }
            if (changed) {
                // a multipart's own encoding must be at least that of its parts (RFC 2045 §6.4)
                part.removeHeader("Content-Transfer-Encoding");
            }
            return changed;
        }
        Optional<String> encoding = newEncoding(part);
        if (encoding.isEmpty()) {
            return false;
        }
        byte[] content;
        try (InputStream in = part.getInputStream()) {
            content = in.readAllBytes();
        }
        part.setDataHandler(new DataHandler(new ByteArrayDataSource(content, part.getContentType())));
        part.setHeader("Content-Transfer-Encoding", encoding.get());
        return true;
    }

    /** The encoding a part needs; empty if it can be sent unchanged, or if its present encoding is unknown. */
    private Optional<String> newEncoding(MimePart part) throws MessagingException, IOException {
        Gauge gauge = new Gauge();
        try (InputStream raw = rawContent(part)) {
            raw.transferTo(gauge);
        }
        boolean tooLong = gauge.hasLongLines() && reasons.contains(Reason.LONG_LINES);
        String encoding = Optional.ofNullable(part.getEncoding()).orElse("7bit").toLowerCase(Locale.ROOT);
        return switch (encoding) {
            case "7bit", "8bit", "binary" -> tooLong || gauge.isEightBit() && reasons.contains(Reason.EIGHT_BIT)
                ? Optional.of(part.isMimeType("text/*") ? "quoted-printable" : "base64") : Optional.empty();
            // RFC 2045 §6.7, §6.8: lines of 76 characters at most
            case "base64", "quoted-printable" -> tooLong ? Optional.of(encoding) : Optional.empty();
            default -> Optional.empty();
        };
    }

    private static InputStream rawContent(MimePart part) throws MessagingException {
        return switch (part) {
            case MimeMessage message -> message.getRawInputStream();
            case MimeBodyPart bodyPart -> bodyPart.getRawInputStream();
            default -> throw new MessagingException("cannot read the raw content of a " + part.getClass().getName());
        };
    }
}
