package jamestls.mtasts.policy;

import jamestls.net.SanitizedLogger;
import jamestls.storage.Database;
import jamestls.storage.Migrations;
import jamestls.storage.StorageOutage;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The number of running servers that share the PostgreSQL, so that the limits of rules can be divided among them. Each writes a row every
 * five seconds by the clock of the database, and counts those that are at most twenty seconds old. With another database there is
 * one server. While the database fails, the last number stays. Thread-safe.
 */
public final class LiveServers implements AutoCloseable {

    /** The table, to be passed when a PostgreSQL {@link Database} is opened for this. */
    public static final Migrations TABLES = new Migrations("server", List.of(List.of(
        "CREATE TABLE server_alive (id TEXT PRIMARY KEY, seen BIGINT NOT NULL)")));

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(LiveServers.class);
    static final Duration BEAT = Duration.ofSeconds(5);
    static final Duration ALIVE = Duration.ofSeconds(20);
    private static final String NOW = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";

    private final Optional<Database> database;
    private final String id = UUID.randomUUID().toString();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile int count = 1;
    private Thread thread;

    /** @param database opened with {@link #TABLES} if it is a PostgreSQL; the caller closes it */
    public LiveServers(Optional<Database> database) {
        this.database = database.filter(shared -> shared.dialect() == Database.Dialect.POSTGRESQL);
    }

    /** The number of running servers, this one included. */
    public int count() {
        return count;
    }

    /** Makes this server count, and starts the thread that keeps it so. To be called once. */
    public void start() {
        if (database.isEmpty()) {
            return;
        }
        thread = Thread.ofVirtual().name("live-servers").start(() -> {
            try {
                do {
                    beat();
                } while (!closed.await(BEAT.toMillis(), TimeUnit.MILLISECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** Writes the row of this server and counts all. Never throws. */
    void beat() {
        try {
            int found = database.orElseThrow().transaction(connection -> {
                update(connection, "INSERT INTO server_alive (id, seen) VALUES (?, " + NOW + ") "
                    + "ON CONFLICT (id) DO UPDATE SET seen = excluded.seen");
                try (PreparedStatement query = connection.prepareStatement(
                         "SELECT count(*) FROM server_alive WHERE seen > " + NOW + " - " + ALIVE.toMillis());
                     ResultSet row = query.executeQuery()) {
                    row.next();
                    return row.getInt(1);
                }
            });
            if (found != count) {
                LOGGER.info("{} servers share the limits of rules", found);
            }
            count = Math.max(1, found);
        } catch (StorageOutage e) {
            LOGGER.debug("The servers that share the limits of rules can't be counted: {}", e.getMessage());
        } catch (RuntimeException | Error e) {
            LOGGER.error("The servers that share the limits of rules were not counted; the next try follows in {}", BEAT, e);
        }
    }

    /** Ends the thread; this server counts no more. */
    @Override
    public void close() {
        closed.countDown();
        if (thread == null) {
            return;
        }
        try {
            thread.join(BEAT);
            database.orElseThrow().transaction(connection ->
                update(connection, "DELETE FROM server_alive WHERE id = ? OR seen < " + NOW + " - " + Duration.ofDays(1).toMillis()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (StorageOutage e) {
            LOGGER.debug("The other servers count this one for {} more: {}", ALIVE, e.getMessage());
        }
    }

    private int update(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, id);
            return statement.executeUpdate();
        }
    }
}
