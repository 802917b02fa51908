package jamestls.smtp;

/** Inside this room only: the connection is closed, and why. At its border it becomes a value. */
final class ConnectionLost extends Exception {

    private final SessionFailure failure;

    ConnectionLost(SessionFailure failure, Throwable cause) {
        super(failure.detail(), cause);
        this.failure = failure;
    }

    SessionFailure failure() {
        return failure;
    }
}
