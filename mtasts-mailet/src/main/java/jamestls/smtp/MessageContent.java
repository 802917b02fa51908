package jamestls.smtp;

import java.io.IOException;
import java.io.OutputStream;

/** Where the bytes of a mail come from. */
@FunctionalInterface
public interface MessageContent {

    /**
     * Writes the whole mail (RFC 5322, headers and body), in any line ends, without dot-stuffing and without the final dot.
     *
     * @throws IOException when the mail cannot be read, or as thrown by {@code out}; it is told apart which of the two it was
     */
    void writeTo(OutputStream out) throws IOException;
}
