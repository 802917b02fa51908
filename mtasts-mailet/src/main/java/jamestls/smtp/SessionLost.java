package jamestls.smtp;

/** Inside this room only: the connection is closed, and why. At its border it becomes a value. */
final class SessionLost extends Exception {

    private final SessionFailure failure;

    SessionLost(SessionFailure failure, Throwable cause) {
        super(failure.detail(), cause);
        this.failure = failure;
    }

    SessionFailure failure() {
        return failure;
    }
}
