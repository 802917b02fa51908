package jamestls.storage;

/**
 * The database did not do what it was asked: not reachable, disk full, schema of another version. The transaction is not
 * committed, unless the message says that its fate is unknown.
 */
public final class StorageOutage extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public StorageOutage(String message, Throwable cause) {
        super(message, cause);
    }
}
