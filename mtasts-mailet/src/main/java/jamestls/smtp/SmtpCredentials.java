package jamestls.smtp;

/**
 * Who we are to a server that wants to know (RFC 4954).
 *
 * @param user at most 255 characters
 * @param password at most 255 characters; never logged
 * @param clearText whether to say them without TLS
 */
public record SmtpCredentials(String user, String password, ClearText clearText) {

    /** Whether user and password may be sent over a connection without TLS. */
    public enum ClearText { REFUSED, ALLOWED }

    private static final int MAX = 255;

    public SmtpCredentials {
        for (String part : new String[] {user, password}) {
            if (part.isEmpty() || part.length() > MAX || part.indexOf('\0') >= 0) {
                throw new IllegalArgumentException("user and password have 1 to " + MAX + " characters each");
            }
        }
    }

    @Override
    public String toString() {
        return "Login[" + user + "]";
    }
}
