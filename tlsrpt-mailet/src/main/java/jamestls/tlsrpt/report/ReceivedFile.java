package jamestls.tlsrpt.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/**
 * A received report: JSON, gzip, or a whole mail.
 *
 * @param form {@code json}, {@code gzip} or {@code mail}
 * @param json the report; empty if none was found
 * @param problems problems of the file or mail around the report
 */
public record ReceivedFile(String form, byte[] json, List<String> problems) {

    private static final JsonFactory JSON = new JsonFactory();

    /**
     * Recognizes a report by its content.
     *
     * @param maxInflated maximum number of octets of the report; protects against decompression bombs
     */
    public static ReceivedFile of(byte[] bytes, int maxInflated) {
        if (isGzip(bytes)) {
            List<String> problems = new ArrayList<>();
            return new ReceivedFile("gzip", inflated(bytes, maxInflated, problems), problems);
        }
        return isJson(bytes) ? new ReceivedFile("json", bytes, List.of()) : ReceivedMail.read(bytes, maxInflated);
    }

    /** A mail, whatever it begins with. Parameter and bound as for {@link #of}. */
    public static ReceivedFile ofMail(byte[] mail, int maxInflated) {
        return ReceivedMail.read(mail, maxInflated);
    }

    static boolean isGzip(byte[] bytes) {
        return bytes.length > 2 && bytes[0] == 0x1f && (bytes[1] & 0xff) == 0x8b;
    }

    static boolean isJson(byte[] bytes) {
        return firstLetter(bytes) == '{' || firstLetter(bytes) == '[';
    }

    static byte[] inflated(byte[] gzip, int max, List<String> problems) {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
            byte[] json = in.readNBytes(max + 1);
            if (json.length > max) {
                problems.add("inflates to more than " + max + " octets");
                return new byte[0];
            }
            return json;
        } catch (IOException e) {
            problems.add("gzip: " + e.getMessage());
            return new byte[0];
        }
    }

    /** The text of a member of the report itself, read without keeping the rest in memory. */
    static Optional<String> member(byte[] json, String name) {
        try (JsonParser parser = JSON.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return Optional.empty();
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean wanted = parser.currentName().equals(name);
                if (parser.nextToken() == JsonToken.VALUE_STRING && wanted) {
                    return Optional.of(parser.getText());
                }
                parser.skipChildren();
            }
        } catch (IOException notJson) {
            return Optional.empty();
        }
        return Optional.empty();
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
