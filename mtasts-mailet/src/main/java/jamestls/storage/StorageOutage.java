package jamestls.storage;

/**
 * The database failed: it is unreachable, the disk is full, or the schema has another version. The transaction was not committed, unless
 * the message says that its fate is unknown.
 */
public final class StorageOutage extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public StorageOutage(String message, Throwable cause) {
        super(message, cause);
    }
}
