package jamestls.tlsrpt.report;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.zip.GZIPOutputStream;

/** One gzip member (RFC 1952) without name and time: the same content always gives the same bytes. */
final class Gzip {

    private Gzip() {
    }

    /** What writes the content. */
    interface Writer {

        void writeTo(OutputStream out) throws IOException;
    }

    /** Compresses while it is written, so that only the compressed bytes are in memory. */
    static byte[] compress(Writer content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            content.writeTo(gzip);
        } catch (IOException e) {
            throw new UncheckedIOException("memory does not fail", e);
        }
        return bytes.toByteArray();
    }
}
