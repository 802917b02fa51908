package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import jamestls.mtasts.smtp.Envelope.BodyType;
import jamestls.mtasts.smtp.MessageContent;
import java.io.IOException;
import java.io.OutputStream;
import org.apache.mailet.Mail;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bytes of a message as they leave: what James stored, without the fields that must not (Bcc) or need not
 * (Content-Length) travel; the same two that Jakarta Mail's transport leaves out.
 *
 * @param size in bytes as stored; what SIZE tells the server, an estimate as RFC 1870 §5 allows
 */
record MailContent(MimeMessage message, long size, BodyType bodyType) implements MessageContent {

    private static final Logger LOGGER = LoggerFactory.getLogger(MailContent.class);
    private static final String[] NOT_SENT = {"Bcc", "Content-Length"};

    /** Reads the message once, to know its size and whether it is all ASCII. */
    static MailContent of(MimeMessage message) throws MessagingException, IOException {
        Gauge gauge = new Gauge();
        message.writeTo(gauge, NOT_SENT);
        return new MailContent(message, gauge.size, gauge.eightBit ? BodyType.EIGHT_BIT : BodyType.SEVEN_BIT);
    }

    /** Writes a mail as it leaves. */
    static void writeTo(Mail mail, OutputStream out) throws IOException {
        try {
            mail.getMessage().writeTo(out, NOT_SENT);
        } catch (MessagingException e) {
            throw new IOException(e);
        }
    }

    /** The same in 7 bits as far as it can be had; a message that can't be converted goes as it is, and the log says so. */
    MailContent inSevenBits(String id) {
        try {
            return of(SevenBits.copyOf(message));
        } catch (MessagingException | IOException | RuntimeException e) {
            LOGGER.warn("mail {} goes in 8 bits to a server without 8BITMIME, because it can't be converted", id, e);
            return this;
        }
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
        try {
            message.writeTo(out, NOT_SENT);
        } catch (MessagingException e) {
            throw new IOException(e);
        }
    }

    private static final class Gauge extends OutputStream {

        private long size;
        private boolean eightBit;

        @Override
        public void write(int b) {
            size++;
            eightBit |= (b & 0x80) != 0;
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            for (int i = from; i < from + length; i++) {
                write(bytes[i]);
            }
        }
    }
}
