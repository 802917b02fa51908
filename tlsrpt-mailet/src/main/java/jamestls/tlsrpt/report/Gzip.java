package jamestls.tlsrpt.report;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/** One gzip member (RFC 1952) without file name and time, so that equal content gives equal bytes. */
final class Gzip {

    /** Magic number, deflate, no flags, no time, no extra flags, unknown operating system. */
    private static final byte[] HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, (byte) 0xff};
    private static final int BUFFER = 2_048;
    /** Pool: creating a deflater, which has 256 KB of tables, takes longer than compressing a small report. */
    private static final BlockingQueue<Deflater> POOL = new ArrayBlockingQueue<>(8);

    private Gzip() {
    }

    /** Writes the content to a stream. */
    interface Writer {

        void writeTo(OutputStream out) throws IOException;
    }

    /** Compresses the content while it is written, so that only compressed bytes are in memory. */
    static byte[] compress(Writer content) {
        Deflater pooled = POOL.poll();
        Deflater deflater = pooled == null ? new Deflater(Deflater.DEFAULT_COMPRESSION, true) : pooled;
        try {
            return compress(content, deflater);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        } finally {
            deflater.reset();
            if (!POOL.offer(deflater)) {
                deflater.end();
            }
        }
    }

    private static byte[] compress(Writer content, Deflater deflater) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(BUFFER);
        bytes.write(HEADER);
        CRC32 sum = new CRC32();
        DeflaterOutputStream compressed = new DeflaterOutputStream(bytes, deflater, BUFFER);
        content.writeTo(new CheckedOutputStream(compressed, sum));
        compressed.finish();
        bytes.write(ByteBuffer.allocate(2 * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN)
            .putInt((int) sum.getValue()).putInt((int) deflater.getBytesRead()).array());
        return bytes.toByteArray();
    }
}
