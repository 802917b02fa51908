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
 * A connection that keeps what it has prepared. SQLite has no server that would remember a statement, and to prepare one again takes
 * longer than to run it: a short statement is planned, then finds one row. For one thread.
 */
final class SqliteConnection extends JDBC4Connection {

    /** Our statements are constants, some dozens; what comes after these is prepared each time. */
    private static final int MAX_KEPT = 200;

    private final Map<String, Kept> kept = new HashMap<>();

    SqliteConnection(String url, String file, Properties properties) throws SQLException {
        super(url, file, properties);
    }

    /** Kept until the connection is closed; one that is still in use is prepared a second time. */
    @Override
    public PreparedStatement prepareStatement(String sql, int type, int concurrency, int holdability) throws SQLException {
        Kept known = kept.get(sql);
        if (known != null && known.take()) {
            return known;
        }
        if (known != null || kept.size() >= MAX_KEPT) {
            return super.prepareStatement(sql, type, concurrency, holdability);
        }
        Kept fresh = new Kept(this, sql);
        kept.put(sql, fresh);
        return fresh;
    }

    private static final class Kept extends JDBC4PreparedStatement {

        private boolean inUse = true;

        Kept(SQLiteConnection connection, String sql) throws SQLException {
            super(connection, sql);
        }

        private boolean take() throws SQLException {
            boolean free = !inUse && !isClosed();
            inUse |= free;
            return free;
        }

        /** Ends what it is at, so that it holds no lock, and forgets its parameters. The driver finalizes it with the connection. */
        @Override
        public void close() throws SQLException {
            if (inUse) {
                inUse = false;
                rs.close();
                clearParameters();
                clearBatch();
                // it has grown with the largest batch
                batch = null;
            }
        }
    }
}
