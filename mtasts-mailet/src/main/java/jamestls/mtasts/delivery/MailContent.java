package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import jamestls.smtp.Envelope.BodyType;
import jamestls.smtp.SmtpSession;
import jamestls.smtp.SmtpSession.MessageContent;
import jamestls.smtp.Transmission;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
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

    private final MimeMessage message;
    private final MessageContent bytes;
    private final long size;
    private final BodyType bodyType;

    private MailContent(MimeMessage message, MessageContent bytes, long size, boolean eightBit) {
        this.message = message;
        this.bytes = bytes;
        this.size = size;
        this.bodyType = eightBit ? BodyType.EIGHT_BIT : BodyType.SEVEN_BIT;
    }

    /** Sends a mail; the outcome is {@code Unreadable} when James can't read its message back. */
    static Transmission send(OutboundMail mail, SmtpSession session) {
        try {
            MailContent stored = of(mail.message());
            // RFC 6152 §3: without BODY=8BITMIME it has to be 7-bit
            boolean suits = stored.bodyType() == BodyType.SEVEN_BIT || session.observation().capabilities().offers("8BITMIME");
            MailContent content = suits ? stored : stored.inSevenBits(mail.id());
            return session.send(mail.envelope(content), content);
        } catch (MessagingException | IOException e) {
            return new Transmission.Unreadable(e, List.of());
        }
    }

    /** Reads the message, to know its size and whether it is all ASCII. */
    static MailContent of(MimeMessage message) throws MessagingException, IOException {
        Gauge gauge = new Gauge();
        // who asks James for a message without some fields has it parsed, which costs more than all the rest
        if (message instanceof MimeMessageWrapper stored && !stored.isModified()) {
            try (InputStream in = stored.getMessageInputStream()) {
                byte[] all = in.readNBytes(MAX_KEPT);
                if (in.read() < 0) {
                    byte[] sent = new HeaderFields(all).without(NOT_SENT);
                    gauge.write(sent, 0, sent.length);
                    return new MailContent(message, out -> out.write(sent), gauge.size, gauge.isEightBit());
                }
            }
        }
        message.writeTo(gauge, NOT_SENT);
        return new MailContent(message, out -> write(message, out), gauge.size, gauge.isEightBit());
    }

    /** Writes a mail as it leaves. */
    static void writeTo(Mail mail, OutputStream out) throws IOException {
        try {
            of(mail.getMessage()).writeTo(out);
        } catch (MessagingException e) {
            throw new IOException(e);
        }
    }

    /** The same in 7 bits as far as it can be had; a message that can't be converted goes as it is, and the log says so. */
    MailContent inSevenBits(String id) {
        try {
            return of(MimeDowngrade.copyOf(message));
        } catch (MessagingException | IOException | RuntimeException e) {
            LOGGER.warn("mail {} goes in 8 bits to a server without 8BITMIME, because it can't be converted", id, e);
            return this;
        }
    }

    /** In bytes as stored; what SIZE tells the server, an estimate as RFC 1870 §5 allows. */
    long size() {
        return size;
    }

    BodyType bodyType() {
        return bodyType;
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

    private static final class Gauge extends OutputStream {

        private long size;
        private int bits;

        @Override
        public void write(int b) {
            size++;
            bits |= b;
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            size += length;
            int seen = 0;
            for (int i = from; i < from + length; i++) {
                seen |= bytes[i];
            }
            bits |= seen;
        }

        private boolean isEightBit() {
            return (bits & 0x80) != 0;
        }
    }
}
