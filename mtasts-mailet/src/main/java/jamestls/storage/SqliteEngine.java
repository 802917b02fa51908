package jamestls.storage;

import jamestls.net.SanitizedLogger;
import jamestls.storage.Database.Engine;
import jamestls.storage.Database.SqlWork;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

/**
 * All work on one SQLite file, on one platform thread with one connection. Work that is submitted while the last commit is flushed to disk
 * is done in one transaction, each piece in a savepoint, and committed with one flush.
 */
final class SqliteEngine implements Engine {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(SqliteEngine.class);
    private static final GroupCommit.Limits LIMITS = new GroupCommit.Limits(256, 10_000);
    private static final String CLOSED = "the database is closed";
    private static final Duration TIMEOUT = Duration.ofSeconds(15);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

    private final SqliteConnector connector;
    private final ExecutorService thread = new SqliteThread();
    private final GroupCommit<SqliteJob<?>, Boolean> jobs = new GroupCommit<>(thread, LIMITS, this::runTogether);
    private volatile boolean closed;

    /** Connection and the key of its file; used by the thread only. */
    private Connection connection;
    private Object connectedTo;

    SqliteEngine(SqliteConnector connector) {
        this.connector = connector;
    }

    /** A single thread that closes the connection when it ends. A daemon: a database that is not closed must not keep the JVM alive. */
    private final class SqliteThread extends ThreadPoolExecutor {

        SqliteThread() {
            super(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), Thread.ofPlatform().daemon().name("jamestls-sqlite").factory());
        }

        @Override
        protected void terminated() {
            try {
                disconnect();
            } catch (SQLException e) {
                LOGGER.warn("The SQLite database did not close: {}", e.getMessage(), e);
            }
        }
    }

    @Override
    public <T> T transaction(SqlWork<T> work) {
        if (closed) {
            throw new StorageOutage(CLOSED, null);
        }
        SqliteJob<T> job = new SqliteJob<>(work);
        try {
            return job.await(jobs.submit(job), TIMEOUT);
        } catch (RejectedExecutionException e) {
            throw new StorageOutage(closed ? CLOSED : LIMITS.waiting() + " transactions are waiting already", e);
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.shutdown();
        try {
            if (!thread.awaitTermination(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                LOGGER.warn("The SQLite database did not close within {}", CLOSE_TIMEOUT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Runs jobs in one transaction. */
    private List<Boolean> runTogether(List<SqliteJob<?>> group) {
        try {
            connect();
            execute(connection, "BEGIN IMMEDIATE");
            for (SqliteJob<?> job : group) {
                job.runIn(connection);
            }
            execute(connection, "COMMIT");
            return Collections.nCopies(group.size(), Boolean.TRUE);
        } catch (SQLException | IOException | RuntimeException | Error e) {
            // Error: for example no native library for this machine
            recover(e);
            throw new StorageOutage("SQLite: " + (e instanceof Exception && e.getMessage() != null ? e.getMessage() : e), e);
        }
    }

    /** Executes a statement as a prepared one, because the connection caches these. */
    static void execute(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.execute();
        }
    }

    private void connect() throws SQLException, IOException {
        if (connection != null && !Objects.equals(connectedTo, connector.fileKey())) {
            // the file was replaced or deleted: later writes to the old one would be lost
            disconnect();
        }
        if (connection == null) {
            connection = connector.open();
            connectedTo = connector.fileKey();
        }
    }

    private void disconnect() throws SQLException {
        if (connection != null) {
            Connection old = connection;
            connection = null;
            old.close();
        }
    }

    /** Closes the connection, which rolls back; the next transaction opens a new one. */
    private void recover(Throwable cause) {
        try {
            disconnect();
            if (cause instanceof SQLException e && SqliteConnector.isDamage(e)) {
                connector.inspect(e, connectedTo);
            }
        } catch (SQLException | IOException | RuntimeException | Error e) {
            cause.addSuppressed(e);
        }
    }

    /** One piece of work in a common transaction. */
    static final class SqliteJob<T> {

        private enum Stage { WAITING, RUNNING, GIVEN_UP }

        private final SqlWork<T> work;
        private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.WAITING);
        private T result;
        private RuntimeException failure;
        private Error error;

        SqliteJob(SqlWork<T> work) {
            this.work = work;
        }

        /**
         * The result, after the commit. Not interruptible, because the work could not be taken back.
         *
         * @param committed completes with the common transaction
         */
        T await(CompletableFuture<Boolean> committed, Duration timeout) {
            try {
                committed.copy().orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS).join();
            } catch (CompletionException e) {
                if (e.getCause() instanceof TimeoutException && !committed.isDone()) {
                    boolean neverRan = stage.compareAndSet(Stage.WAITING, Stage.GIVEN_UP);
                    throw new StorageOutage("SQLite did not answer within " + timeout
                        + (neverRan ? "" : "; the fate of the transaction is unknown"), e.getCause());
                }
                if (e.getCause() instanceof RuntimeException cause) {
                    throw cause;
                }
                throw e;
            }
            if (failure != null) {
                throw failure;
            }
            if (error != null) {
                throw error;
            }
            return result;
        }

        /**
         * Runs in a savepoint of the common transaction.
         *
         * @throws SQLException if the transaction as a whole can't be continued
         */
        void runIn(Connection connection) throws SQLException {
            if (!stage.compareAndSet(Stage.WAITING, Stage.RUNNING)) {
                return;
            }
            SqliteEngine.execute(connection, "SAVEPOINT job");
            try {
                result = work.run(connection);
            } catch (SQLException e) {
                if (SqliteConnector.affectsTransaction(e)) {
                    throw e;
                }
                undo(connection);
                failure = new StorageOutage("SQLite: " + e.getMessage(), e);
            } catch (RuntimeException e) {
                undo(connection);
                failure = e;
            } catch (Error e) {
                // must not fail the others in the same transaction
                undo(connection);
                error = e;
            }
            SqliteEngine.execute(connection, "RELEASE job");
        }

        /** Fails by itself if SQLite has rolled back everything. */
        private static void undo(Connection connection) throws SQLException {
            SqliteEngine.execute(connection, "ROLLBACK TO job");
        }
    }
}
