package jamestls.storage;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.sqlite.SQLiteConnection;
import org.sqlite.jdbc4.JDBC4Connection;
import org.sqlite.jdbc4.JDBC4PreparedStatement;

/**
 * A connection that caches prepared statements, because preparing a short statement takes longer than running it in SQLite. Not
 * thread-safe.
 */
final class SqliteConnection extends JDBC4Connection {

    /** Maximum number of cached statements; our statements are constants, some dozens. */
    private static final int MAX_CACHED = 200;

    private final Map<String, CachedStatement> cache = new HashMap<>();

    SqliteConnection(String url, String file, Properties properties) throws SQLException {
        super(url, file, properties);
    }

    /** Returns a cached statement; one that is still in use is prepared a second time. */
    @Override
    public PreparedStatement prepareStatement(String sql, int type, int concurrency, int holdability) throws SQLException {
        CachedStatement known = cache.get(sql);
        if (known != null && known.take()) {
            return known;
        }
        if (known != null || cache.size() >= MAX_CACHED) {
            return super.prepareStatement(sql, type, concurrency, holdability);
        }
        CachedStatement fresh = new CachedStatement(this, sql);
        cache.put(sql, fresh);
        return fresh;
    }

    private static final class CachedStatement extends JDBC4PreparedStatement {

        private boolean inUse = true;

        CachedStatement(SQLiteConnection connection, String sql) throws SQLException {
            super(connection, sql);
        }

        private boolean take() throws SQLException {
            boolean free = !inUse && !isClosed();
            inUse |= free;
            return free;
        }

        /** Resets the statement, which releases its locks and parameters. The driver finalizes it with the connection. */
        @Override
        public void close() throws SQLException {
            if (inUse) {
                inUse = false;
                rs.close();
                clearParameters();
                clearBatch();
                // the array has the size of the largest batch
                batch = null;
            }
        }
    }
}
