package jamestls.tlsrpt.inbox;

/** A mail has no report that could be counted. The message is one line of printable ASCII that says why. */
public final class Unreadable extends Exception {

    private static final long serialVersionUID = 1L;

    public Unreadable(String message) {
        super(message);
    }
}
