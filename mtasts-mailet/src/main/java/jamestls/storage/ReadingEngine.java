package jamestls.storage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/**
 * Looks into a database that belongs to somebody else, with one connection for each transaction: nothing is created, nothing
 * brought up to date, nothing written. For the command line.
 */
final class ReadingEngine implements Engine {

    private static final int BUSY_MILLIS = 5_000;

    private final DatabaseAddress address;
    private final Migrations expected;

    ReadingEngine(DatabaseAddress address, Migrations expected) {
        this.address = address;
        this.expected = expected;
    }

    @Override
    public <T> T transaction(SqlWork<T> work) {
        try (Connection connection = connect()) {
            Optional<String> mismatch = expected.mismatch(connection);
            if (mismatch.isPresent()) {
                throw new StorageOutage(mismatch.get(), null);
            }
            return work.run(connection);
        } catch (SQLException e) {
            throw new StorageOutage(address + ": " + e.getMessage(), e);
        }
    }

    private Connection connect() throws SQLException {
        return switch (address) {
            case DatabaseAddress.SqliteFile sqlite -> file(sqlite.file().toAbsolutePath());
            case DatabaseAddress.PostgreSql postgres -> {
                Connection connection = PostgresEngine.server(postgres).getConnection();
                connection.setReadOnly(true);
                yield connection;
            }
        };
    }

    /**
     * A file with a write-ahead log is in use, or was when its server died. Without one nobody writes, and SQLite has to be told so:
     * else it would make a log of its own, which belongs to whoever runs this and not to James.
     */
    private static Connection file(Path file) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setReadOnly(true);
        config.setBusyTimeout(BUSY_MILLIS);
        boolean inUse = Files.exists(file.resolveSibling(file.getFileName() + "-wal"));
        SQLiteDataSource source = new SQLiteDataSource(config);
        source.setUrl("jdbc:sqlite:file:" + file.toUri().getRawPath() + (inUse ? "" : "?immutable=1"));
        return source.getConnection();
    }

    @Override
    public void close() {
        // each transaction has closed its own connection
    }
}
