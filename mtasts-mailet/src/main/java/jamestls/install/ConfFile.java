package jamestls.install;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file of the configuration as text that can be edited and written back. A byte order mark is the first character of the text;
 * encoding the unchanged text gives the bytes of the file.
 *
 * @param bytes as they are on the disk
 * @param charset that the byte order mark or the XML declaration names, else UTF-8; ISO 8859-1 for {@code .properties}
 */
record ConfFile(Path path, byte[] bytes, Charset charset, String text) {

    private static final Pattern DECLARED = Pattern.compile("^\\s*<\\?xml[^>]*\\sencoding\\s*=\\s*[\"']([^\"']+)[\"']");
    private static final int MAX_DECLARATION = 200;
    private static final long MAX_SIZE = 16 * 1024 * 1024;

    /** @throws Refusal when its encoding is unknown, or its bytes are not valid in that encoding */
    static ConfFile read(Path path) throws IOException, Refusal {
        if (Files.size(path) > MAX_SIZE) {
            throw new Refusal(path, 0, "has " + Files.size(path) + " bytes", "a configuration file has at most " + MAX_SIZE);
        }
        return of(path, Files.readAllBytes(path));
    }

    static ConfFile of(Path path, byte[] bytes) throws Refusal {
        Charset charset = charset(path, bytes);
        try {
            String text = charset.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT).decode(ByteBuffer.wrap(bytes)).toString();
            if (Arrays.equals(text.getBytes(charset), bytes)) {
                return new ConfFile(path, bytes, charset, text);
            }
        } catch (CharacterCodingException e) {
            // refused below, like text whose encoding does not give the same bytes
        }
        throw new Refusal(path, 0, "is not valid " + charset.name(), "save it in the encoding that it declares");
    }

    /** @throws Refusal when the text has a character that the file's encoding lacks */
    byte[] encoded(String changed) throws Refusal {
        if (!charset.newEncoder().canEncode(changed)) {
            throw new Refusal(path, 0, "is encoded in " + charset.name() + ", which has no code for a character that is to be added",
                "save the file in UTF-8, or use plain ASCII in the options");
        }
        return changed.getBytes(charset);
    }

    /** The line, from 1, on which that character stands. */
    int line(int offset) {
        return 1 + (int) text.substring(0, offset).chars().filter(c -> c == '\n').count();
    }

    /** The line end that the file uses: that of its first line. */
    String newLine() {
        int end = text.indexOf('\n');
        return end > 0 && text.charAt(end - 1) == '\r' ? "\r\n" : "\n";
    }

    private static Charset charset(Path path, byte[] bytes) throws Refusal {
        if (startsWith(bytes, 0xef, 0xbb, 0xbf)) {
            return StandardCharsets.UTF_8;
        }
        if (startsWith(bytes, 0xfe, 0xff) || startsWith(bytes, 0, '<')) {
            return StandardCharsets.UTF_16BE;
        }
        if (startsWith(bytes, 0xff, 0xfe) || startsWith(bytes, '<', 0)) {
            return StandardCharsets.UTF_16LE;
        }
        if (path.getFileName().toString().endsWith(".properties")) {
            return StandardCharsets.ISO_8859_1;
        }
        Matcher declared = DECLARED.matcher(new String(bytes, 0, Math.min(bytes.length, MAX_DECLARATION), StandardCharsets.ISO_8859_1));
        try {
            return declared.find() ? Charset.forName(declared.group(1)) : StandardCharsets.UTF_8;
        } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
            throw new Refusal(path, 1, "declares the unknown encoding " + declared.group(1), "save it in UTF-8");
        }
    }

    private static boolean startsWith(byte[] bytes, int... start) {
        for (int i = 0; i < start.length; i++) {
            if (i >= bytes.length || (bytes[i] & 0xff) != start[i]) {
                return false;
            }
        }
        return true;
    }
}
