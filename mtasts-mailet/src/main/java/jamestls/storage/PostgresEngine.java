package jamestls.storage;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import jamestls.net.SanitizedLogger;
import jamestls.storage.Database.Dialect;
import jamestls.storage.Database.Engine;
import jamestls.storage.Database.SqlWork;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.postgresql.ds.PGSimpleDataSource;

/** Transactions on PostgreSQL, with a small connection pool. */
final class PostgresEngine implements Engine {

    /** Switched off because the driver logs invalid URLs with their password. A strong reference, because the JDK holds loggers weakly. */
    private static final Logger DRIVER_LOG = Logger.getLogger("org.postgresql");

    static {
        DRIVER_LOG.setLevel(Level.OFF);
        // it warns of each broken connection, with a stack trace; OutageLog warns of the outage
        SanitizedLogger.limitToErrors(HikariDataSource.class.getPackageName());
    }

    private static final int MAX_CONNECTIONS = 8;
    private static final int CONNECT_SECONDS = 3;
    /** Wait for a connection of the pool, and for an unreachable server. */
    private static final int POOL_SECONDS = 5;
    /** Wait for an answer of the server; without it callers would block forever if the server vanished. */
    private static final int ANSWER_SECONDS = 10;
    private static final int MAX_TRIES = 3;
    /** serialization_failure and deadlock_detected: the transaction can be retried. */
    private static final Set<String> RETRYABLE = Set.of("40001", "40P01");
    /** Key of the advisory lock for migrations, the same in all versions. */
    private static final long MIGRATION_LOCK = 0x6a616d6573746c73L;

    private final DatabaseAddress.PostgreSql address;
    private final List<Migrations> migrations;
    private final Clock clock;
    private final HikariDataSource pool;
    private final ReentrantLock migrating = new ReentrantLock();
    private volatile boolean migrated;

    PostgresEngine(DatabaseAddress.PostgreSql address, List<Migrations> migrations, Clock clock) {
        this.address = address;
        this.migrations = List.copyOf(migrations);
        this.clock = clock;
        this.pool = new HikariDataSource(pool(address));
    }

    private static HikariConfig pool(DatabaseAddress.PostgreSql address) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("jamestls");
        config.setDataSource(server(address));
        config.setMaximumPoolSize(MAX_CONNECTIONS);
        config.setMinimumIdle(1);
        config.setAutoCommit(false);
        config.setConnectionTimeout(POOL_SECONDS * 1000L);
        // the database may be down when James starts
        config.setInitializationFailTimeout(-1);
        return config;
    }

    /** A data source without DriverManager, because James's PostgreSQL edition may have registered another driver there. */
    static PGSimpleDataSource server(DatabaseAddress.PostgreSql address) {
        PGSimpleDataSource server = new PGSimpleDataSource();
        try {
            server.setUrl(address.url());
        } catch (IllegalArgumentException e) {
            // the driver's message has the URL, which may contain a password
            throw new Database.Refused("PostgreSQL's driver does not understand this URL", null);
        }
        if (!address.user().isEmpty()) {
            server.setUser(address.user());
        }
        if (!address.password().isEmpty()) {
            server.setPassword(address.password());
        }
        if (!address.url().contains("connectTimeout=")) {
            server.setConnectTimeout(CONNECT_SECONDS);
        }
        if (!address.url().contains("socketTimeout=")) {
            server.setSocketTimeout(ANSWER_SECONDS);
        }
        if (!address.url().contains("ApplicationName=")) {
            server.setApplicationName("jamestls");
        }
        return server;
    }

    /** Describes an error for operators, as a predicate. */
    static String describe(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        if (state.startsWith("08") || root instanceof IOException) {
            return "can't be reached: " + (root instanceof IOException && root.getMessage() != null ? root.getMessage() : "no connection");
        }
        return switch (state) {
            case "28000", "28P01" -> "refuses the user or the password";
            case "3D000" -> "does not exist on its server";
            case "42501" -> "may not be used by this user";
            default -> "failed: " + String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        };
    }

    @Override
    public <T> T transaction(SqlWork<T> work) {
        try (Connection connection = pool.getConnection()) {
            migrate(connection);
            return committed(connection, work);
        } catch (SQLException e) {
            throw new StorageOutage("PostgreSQL " + address + " " + describe(e), e);
        }
    }

    private static <T> T committed(Connection connection, SqlWork<T> work) throws SQLException {
        for (int tries = 1; ; tries++) {
            try {
                T result = work.run(connection);
                connection.commit();
                return result;
            } catch (SQLException e) {
                rollBack(connection, e);
                if (tries == MAX_TRIES || !RETRYABLE.contains(String.valueOf(e.getSQLState()))) {
                    throw e;
                }
            } catch (RuntimeException | Error e) {
                rollBack(connection, e);
                throw e;
            }
        }
    }

    private static void rollBack(Connection connection, Throwable cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    /** Applies the migrations, before the first transaction that reaches the server. */
    private void migrate(Connection connection) throws SQLException {
        if (migrated) {
            return;
        }
        migrating.lock();
        try {
            if (!migrated) {
                committed(connection, this::migrateLocked);
                migrated = true;
            }
        } finally {
            migrating.unlock();
        }
    }

    private Boolean migrateLocked(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_advisory_xact_lock(" + MIGRATION_LOCK + ")");
        }
        DatabaseMark.putOnPostgres(connection);
        for (Migrations module : migrations) {
            module.apply(connection, Dialect.POSTGRESQL, clock.millis());
        }
        return Boolean.TRUE;
    }

    @Override
    public void close() {
        pool.close();
    }
}
