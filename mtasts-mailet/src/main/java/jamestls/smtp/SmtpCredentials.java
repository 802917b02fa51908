package jamestls.smtp;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Who we are to a server that wants to know (RFC 4954).
 *
 * @param user 1 to 255 characters, without control characters
 * @param secret what proves it; never logged
 * @param clearText whether to say them without TLS; a token is said under TLS only
 */
public record SmtpCredentials(String user, Secret secret, ClearText clearText) {

    /** Whether user and password may be sent over a connection without TLS. */
    public enum ClearText { REFUSED, ALLOWED }

    private static final int MAX = 255;

    public SmtpCredentials {
        if (user.isEmpty() || user.length() > MAX || user.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("user and password have 1 to " + MAX + " characters each, the user no control characters");
        }
        if (secret instanceof TokenFile && clearText == ClearText.ALLOWED) {
            throw new IllegalArgumentException("a token is said under TLS only");
        }
    }

    /** With a password. */
    public SmtpCredentials(String user, String password, ClearText clearText) {
        this(user, new Password(password), clearText);
    }

    @Override
    public String toString() {
        return "Login[" + user + "]";
    }

    /** What proves who we are. */
    public sealed interface Secret {
    }

    /**
     * For AUTH PLAIN and LOGIN.
     *
     * @param text 1 to 255 characters
     */
    public record Password(String text) implements Secret {

        public Password {
            if (text.isEmpty() || text.length() > MAX || text.indexOf('\0') >= 0) {
                throw new IllegalArgumentException("user and password have 1 to " + MAX + " characters each");
            }
        }

        @Override
        public String toString() {
            return "(not shown)";
        }
    }

    /**
     * For AUTH XOAUTH2: where the bearer token is. Tokens live for an hour or so, and another program writes new ones, so the file
     * is read for each login.
     */
    public record TokenFile(Path file) implements Secret {

        /** In bytes: what fits into a line of the AUTH dialogue with a user of any length (RFC 4954 §4: 12288 octets). */
        static final int MAX_BYTES = 8_192;
        // visible ASCII, of which RFC 6750 §2.1 takes a part: nothing that ends the field or the line
        private static final Pattern TOKEN = Pattern.compile("[!-~]+");

        /** @throws IOException when there is no token; the message says why, and has neither the path nor what is in the file */
        String read() throws IOException {
            byte[] bytes;
            try {
                if (Files.exists(file) && !Files.isRegularFile(file)) {
                    // a pipe could keep us waiting for ever
                    throw new IOException("the token file is no regular file");
                }
                try (InputStream in = Files.newInputStream(file)) {
                    bytes = in.readNBytes(MAX_BYTES + 1);
                }
            } catch (NoSuchFileException e) {
                throw new IOException("the token file does not exist", e);
            } catch (AccessDeniedException e) {
                throw new IOException("the token file may not be read by this user", e);
            }
            if (bytes.length > MAX_BYTES) {
                throw new IOException("the token file is longer than " + MAX_BYTES + " bytes");
            }
            String token = new String(bytes, StandardCharsets.ISO_8859_1).strip();
            if (token.isEmpty()) {
                throw new IOException("the token file is empty");
            }
            if (!TOKEN.matcher(token).matches()) {
                throw new IOException("the token file is not one line with a token");
            }
            return token;
        }
    }
}
