package jamestls.tlsrpt.report;

import jamestls.tlsrpt.report.TlsReport.Slice;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/**
 * A report file: written, validated, compressed, and within the maximum size.
 *
 * @param report the content
 * @param gzip the compressed JSON, of type {@code application/tlsrpt+gzip}
 */
public record ReportFile(TlsReport report, byte[] gzip) {

    /** Maximum size in octets: 10 MB (RFC 8460 §5.2) without the third that base64 adds. */
    static final int MAX = 7_000_000;
    private static final int[] DETAILS = {300, 100, 30, 10, 0};

    /** Result of writing a report. */
    public sealed interface Written {
    }

    /** Valid files: one, or several if one would be too large; then each is a separate report. */
    public record Ready(List<ReportFile> files) implements Written {

        public Ready {
            files = List.copyOf(files);
        }
    }

    /** The report violates RFC 8460, because of an error in this program. */
    public record Faulty(List<String> problems) implements Written {
    }

    /**
     * Writes and validates a report. A report that is too large is divided by policies, so that every count is in exactly one file. A
     * policy that is too large for one file loses failure details, but no counts.
     */
    public static Written write(TlsReport report) {
        return write(report, MAX);
    }

    static Written write(TlsReport report, int maxSize) {
        ReportFile whole = compressed(report);
        List<ReportFile> files = whole.gzip().length <= maxSize ? List.of(whole)
            : report.sliced(slices(report, report.tally().policies(), maxSize)).stream().map(ReportFile::compressed).toList();
        for (ReportFile file : files) {
            if (file.gzip().length > maxSize) {
                return new Faulty(List.of("one policy is larger than " + maxSize + " octets even without details"));
            }
            List<String> problems = ReportCheck.problems(file);
            if (!problems.isEmpty()) {
                return new Faulty(problems);
            }
        }
        return new Ready(files);
    }

    /** Divides policies in halves until each slice fits, measured with the longest possible report-id. */
    private static List<List<PolicyTally>> slices(TlsReport report, List<PolicyTally> policies, int maxSize) {
        TlsReport part = new TlsReport(report.reporter(), report.tally().withPolicies(policies), new Slice(100, 100));
        if (compressed(part).gzip().length <= maxSize) {
            return List.of(policies);
        }
        if (policies.size() == 1) {
            return List.of(IntStream.of(DETAILS).mapToObj(part::withDetails)
                .filter(folded -> folded.tally().policies().getFirst().details().isEmpty() || compressed(folded).gzip().length <= maxSize)
                .findFirst().orElse(part.withDetails(0)).tally().policies());
        }
        List<List<PolicyTally>> slices = new ArrayList<>(slices(report, policies.subList(0, policies.size() / 2), maxSize));
        slices.addAll(slices(report, policies.subList(policies.size() / 2, policies.size()), maxSize));
        return slices;
    }

    private static ReportFile compressed(TlsReport report) {
        return new ReportFile(report, Gzip.compress(out -> ReportJson.write(report, out)));
    }

    /** One gzip member (RFC 1952) without file name and time, so that equal content gives equal bytes. */
    private static final class Gzip {

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
}
