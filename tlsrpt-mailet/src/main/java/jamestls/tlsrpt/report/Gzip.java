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

/** One gzip member (RFC 1952) without name and time: the same content always gives the same bytes. */
final class Gzip {

    /** Magic, deflate, no flags, no time, no word about compression, unknown system. */
    private static final byte[] HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, (byte) 0xff};
    private static final int BUFFER = 2_048;
    /** To make one takes longer than to compress a small report, because it has 256 KB of tables. */
    private static final BlockingQueue<Deflater> SPARE = new ArrayBlockingQueue<>(8);

    private Gzip() {
    }

    /** What writes the content. */
    interface Writer {

        void writeTo(OutputStream out) throws IOException;
    }

    /** Compresses while it is written, so that only the compressed bytes are in memory. */
    static byte[] compress(Writer content) {
        Deflater spare = SPARE.poll();
        Deflater deflater = spare == null ? new Deflater(Deflater.DEFAULT_COMPRESSION, true) : spare;
        try {
            return compress(content, deflater);
        } catch (IOException e) {
            throw new UncheckedIOException("memory does not fail", e);
        } finally {
            deflater.reset();
            if (!SPARE.offer(deflater)) {
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
