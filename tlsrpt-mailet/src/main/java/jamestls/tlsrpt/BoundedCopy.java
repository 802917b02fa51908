package jamestls.tlsrpt;

import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** The beginning of a mail, however large it is. */
final class BoundedCopy extends OutputStream {

    private final ByteArrayOutputStream octets = new ByteArrayOutputStream();
    private final int most;

    BoundedCopy(int most) {
        this.most = most;
    }

    /** Ends the writing; Jakarta Mail has no other way. */
    private static final class Enough extends IOException {

        private static final long serialVersionUID = 1L;
    }

    void read(MimeMessage message) throws MessagingException, IOException {
        try {
            message.writeTo(this);
        } catch (Enough enough) {
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
        int room = Math.min(length, most - octets.size());
        octets.write(bytes, from, room);
        if (room < length) {
            throw new Enough();
        }
    }
}
