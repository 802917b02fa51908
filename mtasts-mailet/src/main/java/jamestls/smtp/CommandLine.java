package jamestls.smtp;

import jamestls.net.Sanitized;
import java.nio.charset.StandardCharsets;

/**
 * One SMTP command line as it is sent. The constructor refuses CR, LF, NUL and every other control character, so that no address can
 * add a second command.
 */
final class CommandLine {

    /** In bytes without CRLF: RFC 5321 §4.5.3.1.4 says 512 with, parameters and SMTPUTF8 add to it. */
    static final int MAX = 2_000;
    /** In bytes without CRLF, for a line of the AUTH dialogue: RFC 4954 §4. */
    private static final int MAX_SECRET = 12_286;

    private final String shown;
    private final byte[] bytes;

    /** @throws IllegalArgumentException for a control character, or when longer than {@link #MAX} */
    CommandLine(String text) {
        this(text, text, MAX);
    }

    private CommandLine(String text, String shown, int most) {
        if (!text.equals(Sanitized.line(text, most))) {
            throw new IllegalArgumentException("not a command: '" + Sanitized.line(shown, 80) + "'");
        }
        this.shown = shown;
        this.bytes = (text + "\r\n").getBytes(StandardCharsets.UTF_8);
    }

    /** A command with a secret; logs show the other text in its place. */
    static CommandLine secret(String text, String shown) {
        return new CommandLine(text, shown, MAX_SECRET);
    }

    /** With CRLF. */
    byte[] bytes() {
        return bytes.clone();
    }

    int length() {
        return bytes.length;
    }

    @Override
    public String toString() {
        return shown;
    }
}
