package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import jamestls.mtasts.delivery.MimeDowngrade.Reason;
import jamestls.smtp.Envelope.BodyType;
import jamestls.smtp.SmtpSession;
import jamestls.smtp.SmtpSession.MessageContent;
import jamestls.smtp.Transmission;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.james.server.core.MimeMessageWrapper;
import org.apache.mailet.Mail;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bytes of a message as they leave: what James stored, without the fields that must not (Bcc) or need not
 * (Content-Length) travel; the same two that Jakarta Mail's transport leaves out. What is not large is read once and kept
 * for the moment it takes to send it; what is large is read once to be measured and once to be sent.
 */
final class MailContent implements MessageContent {

    private static final Logger LOGGER = LoggerFactory.getLogger(MailContent.class);
    private static final String[] NOT_SENT = {"Bcc", "Content-Length"};
    /** In bytes, for each mail that is being sent. */
    private static final int MAX_KEPT = 262_144;

    /** In bytes: converting a message takes several times its size in memory. */
    private static final long MAX_CONVERTED_FOR_LINES = 16 << 20;

    private final MimeMessage message;
    private final MessageContent bytes;
    private final Gauge gauge;

    private MailContent(MimeMessage message, MessageContent bytes, Gauge gauge) {
        this.message = message;
        this.bytes = bytes;
        this.gauge = gauge;
    }

    /** Sends a mail; the outcome is {@code Unreadable} when James can't read its message back. */
    static Transmission send(OutboundMail mail, SmtpSession session) {
        try {
            MailContent stored = of(mail.message());
            Set<Reason> reasons = stored.reasonsToConvert(session.observation().capabilities().offers("8BITMIME"));
            MailContent content = reasons.isEmpty() ? stored : stored.converted(mail.id(), reasons);
            return session.send(mail.envelope(content), content);
        } catch (MessagingException | IOException e) {
            return new Transmission.Unreadable(e, List.of());
        }
    }

    /** Reads the message, to know its size, its longest line and whether it is all ASCII. */
    static MailContent of(MimeMessage message) throws MessagingException, IOException {
        Gauge gauge = new Gauge();
        // who asks James for a message without some fields has it parsed, which costs more than all the rest
        if (message instanceof MimeMessageWrapper stored && !stored.isModified()) {
            try (InputStream in = stored.getMessageInputStream()) {
                byte[] all = in.readNBytes(MAX_KEPT);
                if (in.read() < 0) {
                    byte[] sent = new HeaderFields(all).without(NOT_SENT);
                    gauge.write(sent, 0, sent.length);
                    return new MailContent(message, out -> out.write(sent), gauge);
                }
            }
        }
        message.writeTo(gauge, NOT_SENT);
        return new MailContent(message, out -> write(message, out), gauge);
    }

    /** Writes a mail as it leaves. */
    static void writeTo(Mail mail, OutputStream out) throws IOException {
        try {
            of(mail.getMessage()).writeTo(out);
        } catch (MessagingException e) {
            throw new IOException(e);
        }
    }

    private Set<Reason> reasonsToConvert(boolean takesEightBit) throws MessagingException {
        Set<Reason> reasons = EnumSet.noneOf(Reason.class);
        // RFC 6152 §3: without BODY=8BITMIME it has to be 7-bit
        if (gauge.isEightBit() && !takesEightBit) {
            reasons.add(Reason.EIGHT_BIT);
        }
        // RFC 5321 §4.5.3.1.6. Most servers take longer lines: a valid signature is worth more (docs/adr/0032)
        if (gauge.hasLongLines() && gauge.size <= MAX_CONVERTED_FOR_LINES && !isSignedAsAWhole()) {
            reasons.add(Reason.LONG_LINES);
        }
        return reasons;
    }

    private boolean isSignedAsAWhole() throws MessagingException {
        return message.getHeader("DKIM-Signature") != null || message.getHeader("ARC-Message-Signature") != null;
    }

    /** The message with its parts encoded as far as possible; itself if there is nothing to encode or it can't be parsed. */
    private MailContent converted(String id, Set<Reason> reasons) {
        try {
            Optional<MimeMessage> copy = MimeDowngrade.copyOf(message, reasons);
            return copy.isPresent() ? of(copy.get()) : this;
        } catch (MessagingException | IOException | RuntimeException e) {
            LOGGER.warn("mail {} is sent unconverted, although the server may refuse it ({}): its MIME parts can't be read",
                id, reasons, e);
            return this;
        }
    }

    /** In bytes as stored; what SIZE tells the server, an estimate as RFC 1870 §5 allows. */
    long size() {
        return gauge.size;
    }

    BodyType bodyType() {
        return gauge.isEightBit() ? BodyType.EIGHT_BIT : BodyType.SEVEN_BIT;
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
        bytes.writeTo(out);
    }

    private static void write(MimeMessage message, OutputStream out) throws IOException {
        try {
            message.writeTo(out, NOT_SENT);
        } catch (MessagingException e) {
            throw new IOException(e);
        }
    }

    /** Measures what is written to it. */
    static final class Gauge extends OutputStream {

        /** In octets without the line end (RFC 5321 §4.5.3.1.6, RFC 5322 §2.1.1). */
        private static final int MAX_LINE = 998;

        private long size;
        private int bits;
        private int line;
        private boolean longLines;

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            size += length;
            int seen = 0;
            int longest = 0;
            int end = from + length;
            int lineStart = from - line;
            for (int i = from; i < end; i++) {
                byte b = bytes[i];
                seen |= b;
                // a bare CR or LF becomes a line end when it is sent
                if (b == '\n' || b == '\r') {
                    longest = Math.max(longest, i - lineStart);
                    lineStart = i + 1;
                }
            }
            line = Math.min(end - lineStart, MAX_LINE + 1);
            bits |= seen;
            longLines |= Math.max(longest, line) > MAX_LINE;
        }

        boolean isEightBit() {
            return (bits & 0x80) != 0;
        }

        boolean hasLongLines() {
            return longLines;
        }
    }
}
