package jamestls.tlsrpt;

import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Stream that keeps the first octets of a mail, up to a limit, and stops the writer there. */
final class BoundedCopy extends OutputStream {

    private final ByteArrayOutputStream octets = new ByteArrayOutputStream();
    private final int limit;

    /** @param limit in octets */
    BoundedCopy(int limit) {
        this.limit = limit;
    }

    /** Stops {@code MimeMessage.writeTo}, which has no other way to end early. */
    private static final class LimitReached extends IOException {

        private static final long serialVersionUID = 1L;
    }

    void read(MimeMessage message) throws MessagingException, IOException {
        try {
            message.writeTo(this);
        } catch (LimitReached expected) {
            octets.flush();
        }
    }

    byte[] toByteArray() {
        return octets.toByteArray();
    }

    @Override
    public void write(int octet) throws IOException {
        write(new byte[] {(byte) octet}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        int kept = Math.min(length, limit - octets.size());
        octets.write(bytes, from, kept);
        if (kept < length) {
            throw new LimitReached();
        }
    }
}
