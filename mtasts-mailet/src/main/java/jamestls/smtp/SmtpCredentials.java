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
 * The credentials for AUTH (RFC 4954).
 *
 * @param user 1 to 255 characters, without control characters
 * @param secret the password or token; never logged
 * @param clearText whether they may be sent without TLS; a token is sent over TLS only
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
            throw new IllegalArgumentException("a token is sent over TLS only");
        }
    }

    /** Credentials with a password. */
    public SmtpCredentials(String user, String password, ClearText clearText) {
        this(user, new Password(password), clearText);
    }

    @Override
    public String toString() {
        return "Login[" + user + "]";
    }

    /** A password or a token. */
    public sealed interface Secret {
    }

    /**
     * A password, for AUTH PLAIN and LOGIN.
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
     * The file with a bearer token, for AUTH XOAUTH2. Another program renews the token about every hour, so the file is read for each
     * login.
     */
    public record TokenFile(Path file) implements Secret {

        /** The most bytes of a token, so that it fits into a line of AUTH with a user of any length (RFC 4954 §4: 12288 octets). */
        static final int MAX_BYTES = 8_192;
        // visible ASCII, a superset of RFC 6750 §2.1, so that nothing ends the field or the line
        private static final Pattern TOKEN = Pattern.compile("[!-~]+");

        /** @throws IOException if the token can't be read; the message has neither the path nor the content of the file */
        String read() throws IOException {
            byte[] bytes;
            try {
                if (Files.exists(file) && !Files.isRegularFile(file)) {
                    // reading a pipe could block for ever
                    throw new IOException("the token file is not a regular file");
                }
                try (InputStream in = Files.newInputStream(file)) {
                    bytes = in.readNBytes(MAX_BYTES + 1);
                }
            } catch (NoSuchFileException e) {
                throw new IOException("the token file does not exist", e);
            } catch (AccessDeniedException e) {
                throw new IOException("the token file can't be read by this user", e);
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
