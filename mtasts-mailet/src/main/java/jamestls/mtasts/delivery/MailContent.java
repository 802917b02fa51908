package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import jamestls.mtasts.delivery.MimeDowngrade.Reason;
import jamestls.net.SanitizedLogger;
import jamestls.smtp.Envelope;
import jamestls.smtp.Envelope.BodyType;
import jamestls.smtp.SmtpSession;
import jamestls.smtp.SmtpSession.MessageContent;
import jamestls.smtp.TlsObservation;
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

/**
 * The bytes of a message as they are sent: the stored message without the header fields Bcc and Content-Length, as in Jakarta
 * Mail's transport. A small message is read once and held in memory while it is sent; a large one is read twice, to measure and to
 * send it.
 */
final class MailContent implements MessageContent {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(MailContent.class);
    private static final String[] NOT_SENT = {"Bcc", "Content-Length"};
    /** The largest message held in memory, in bytes. */
    private static final int MAX_KEPT = 262_144;

    /** The largest message converted because of long lines, in bytes: a conversion needs several times the size in memory. */
    private static final long MAX_CONVERTED_FOR_LINES = 16 << 20;

    private final MimeMessage message;
    private final MessageContent bytes;
    private final Gauge gauge;

    private MailContent(MimeMessage message, MessageContent bytes, Gauge gauge) {
        this.message = message;
        this.bytes = bytes;
        this.gauge = gauge;
    }

    /** A mail as one server gets it. */
    record Prepared(Envelope envelope, MessageContent content) {

        /**
         * Reads the mail, and converts it if the server needs that.
         *
         * @throws MessagingException or IOException when James can't read the stored message
         */
        static Prepared of(OutboundMail mail, TlsObservation server) throws MessagingException, IOException {
            MailContent stored = MailContent.of(mail.message());
            Set<Reason> reasons = stored.reasonsToConvert(server.capabilities().offers("8BITMIME"));
            MailContent content = reasons.isEmpty() ? stored : stored.converted(mail.id(), reasons);
            return new Prepared(mail.envelope(content), content);
        }

        /** Empty if James can't read the message, which {@link #send} finds out once more and reports. */
        static Optional<Prepared> ifReadable(OutboundMail mail, TlsObservation server) {
            try {
                return Optional.of(of(mail, server));
            } catch (MessagingException | IOException e) {
                return Optional.empty();
            }
        }
    }

    /**
     * Sends a mail over a session; the result is {@code Unreadable} if James can't read the stored message.
     *
     * @param prepared the mail, if it was read already
     * @param dotSent called when the final dot is on its way
     */
    static Transmission send(OutboundMail mail, Optional<Prepared> prepared, SmtpSession session, Runnable dotSent) {
        try {
            Prepared ready = prepared.isPresent() ? prepared.get() : Prepared.of(mail, session.observation());
            return session.send(ready.envelope(), ready.content(), dotSent);
        } catch (MessagingException | IOException e) {
            return new Transmission.Unreadable(e, List.of());
        }
    }

    /** Reads the message and measures its size, its longest line and whether it is all ASCII. */
    static MailContent of(MimeMessage message) throws MessagingException, IOException {
        Gauge gauge = new Gauge();
        // MimeMessage.writeTo without some fields parses the message, which costs more than everything else here
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

    /** The values of the header fields of that name. James would parse the whole header for them. */
    static List<String> fields(MimeMessage message, String name) throws MessagingException, IOException {
        if (message instanceof MimeMessageWrapper stored && !stored.isModified()) {
            try (InputStream in = stored.getMessageInputStream()) {
                return HeaderFields.read(in).values(name);
            }
        }
        String[] values = message.getHeader(name);
        return values == null ? List.of() : List.of(values);
    }

    /** Writes a mail as it is sent. */
    static void writeTo(Mail mail, OutputStream out) throws IOException {
        try {
            of(mail.getMessage()).writeTo(out);
        } catch (MessagingException e) {
            throw new IOException(e);
        }
    }

    private Set<Reason> reasonsToConvert(boolean takesEightBit) throws MessagingException {
        Set<Reason> reasons = EnumSet.noneOf(Reason.class);
        // RFC 6152 §3: content sent without BODY=8BITMIME is 7-bit
        if (gauge.isEightBit() && !takesEightBit) {
            reasons.add(Reason.EIGHT_BIT);
        }
        // RFC 5321 §4.5.3.1.6. Most servers accept longer lines, so a signed message is not changed (docs/adr/0032)
        if (gauge.hasLongLines() && gauge.size <= MAX_CONVERTED_FOR_LINES && !isSignedAsAWhole()) {
            reasons.add(Reason.LONG_LINES);
        }
        return reasons;
    }

    private boolean isSignedAsAWhole() throws MessagingException {
        return message.getHeader("DKIM-Signature") != null || message.getHeader("ARC-Message-Signature") != null;
    }

    /** The message with its parts encoded as far as possible; the unchanged message if nothing can be encoded or parsed. */
    private MailContent converted(String id, Set<Reason> reasons) {
        try {
            Optional<MimeMessage> copy = MimeDowngrade.copyOf(message, reasons);
            return copy.isPresent() ? of(copy.get()) : this;
        } catch (MessagingException | IOException | RuntimeException e) {
            LOGGER.warn("Mail {} is sent without the conversion it needs ({}) and may be refused: its MIME structure can't be parsed",
                id, reasons, e);
            return this;
        }
    }

    /** The size in bytes as stored, for the SIZE parameter: an estimate, as RFC 1870 §5 allows. */
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

    /** Measures the bytes written to it: size, line length, 8-bit content. */
    static final class Gauge extends OutputStream {

        /** The longest allowed line in octets, without the line end (RFC 5321 §4.5.3.1.6, RFC 5322 §2.1.1). */
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
