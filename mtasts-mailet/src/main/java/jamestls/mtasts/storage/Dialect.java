package jamestls.mtasts.storage;

/** Which of the two databases it is, for the rare statement that can't be written for both. */
public enum Dialect {
    SQLITE("BLOB", "INTEGER PRIMARY KEY AUTOINCREMENT"),
    POSTGRESQL("BYTEA", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY");

    private final String bytes;
    private final String identity;

    Dialect(String bytes, String identity) {
        this.bytes = bytes;
        this.identity = identity;
    }

    /** A statement of a migration with {@code ${bytes}} and {@code ${identity}} replaced. */
    String spell(String statement) {
        return statement.replace("${bytes}", bytes).replace("${identity}", identity);
    }
}
