package jamestls.storage;

/** Which of the two databases it is, for the rare statement that can't be written for both. */
public enum Dialect {
    SQLITE("BLOB", "INTEGER PRIMARY KEY AUTOINCREMENT", "WITHOUT ROWID"),
    POSTGRESQL("BYTEA", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "");

    private final String bytes;
    private final String identity;
    private final String clustered;

    Dialect(String bytes, String identity, String clustered) {
        this.bytes = bytes;
        this.identity = identity;
        this.clustered = clustered;
    }

    /** A statement of a migration with {@code ${bytes}}, {@code ${identity}} and {@code ${clustered}} replaced. */
    String spell(String statement) {
        return statement.replace("${bytes}", bytes).replace("${identity}", identity).replace("${clustered}", clustered);
    }
}
