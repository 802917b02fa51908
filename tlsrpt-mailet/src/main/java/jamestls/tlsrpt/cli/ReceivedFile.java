package jamestls.tlsrpt.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * A received report: JSON, gzip, or a whole mail.
 *
 * @param form {@code json}, {@code gzip} or {@code mail}
 * @param json the report; empty if none was found
 * @param problems problems of the file or mail around the report
 */
record ReceivedFile(String form, byte[] json, List<String> problems) {

    /** Protects against decompression bombs; RFC 8460 §5.2 mentions 10 MB, compressed. */
    private static final int MAX_INFLATED = 256 << 20;

    static ReceivedFile of(byte[] bytes) {
        if (isGzip(bytes)) {
            List<String> problems = new ArrayList<>();
            return new ReceivedFile("gzip", inflated(bytes, problems), problems);
        }
        boolean json = firstLetter(bytes) == '{' || firstLetter(bytes) == '[';
        return json ? new ReceivedFile("json", bytes, List.of()) : ReceivedMail.read(bytes);
    }

    static boolean isGzip(byte[] bytes) {
        return bytes.length > 2 && bytes[0] == 0x1f && (bytes[1] & 0xff) == 0x8b;
    }

    static byte[] inflated(byte[] gzip, List<String> problems) {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
            byte[] json = in.readNBytes(MAX_INFLATED + 1);
            if (json.length > MAX_INFLATED) {
                problems.add("inflates to more than " + MAX_INFLATED + " octets");
                return new byte[0];
            }
            return json;
        } catch (IOException e) {
            problems.add("gzip: " + e.getMessage());
            return new byte[0];
        }
    }

    private static char firstLetter(byte[] bytes) {
        for (byte each : bytes) {
            if (each > ' ') {
                return (char) each;
            }
        }
        return ' ';
    }
}
