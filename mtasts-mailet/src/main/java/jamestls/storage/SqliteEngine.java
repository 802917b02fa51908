package jamestls.storage;

import jamestls.storage.Database.Engine;
import jamestls.storage.Database.SqlWork;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All work on one SQLite file, on one platform thread with one connection. Work that has gathered while the last commit was
 * being flushed to disk is done in one transaction, a savepoint each, and committed with one flush.
 */
final class SqliteEngine implements Engine {

    private static final Logger LOGGER = LoggerFactory.getLogger(SqliteEngine.class);
    private static final int MAX_WAITING = 10_000;
    private static final int MAX_TOGETHER = 256;
    private static final String CLOSED = "the database is closed";
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final Duration FAREWELL = Duration.ofSeconds(10);

    private final SqliteConnector connector;
    private final BlockingQueue<SqliteJob<?>> waiting = new ArrayBlockingQueue<>(MAX_WAITING);
    private final Thread thread;
    private volatile boolean closed;

    // of the thread alone
    private Connection connection;
    private Object connectedTo;

    SqliteEngine(SqliteConnector connector) {
        this.connector = connector;
        // a daemon: who forgets to close must not keep the JVM alive
        this.thread = Thread.ofPlatform().daemon().name("jamestls-sqlite").start(this::untilClosed);
    }

    @Override
    public <T> T transaction(SqlWork<T> work) {
        SqliteJob<T> job = new SqliteJob<>(work);
        if (closed || !waiting.offer(job)) {
            throw new StorageOutage(closed ? CLOSED : MAX_WAITING + " transactions are waiting already", null);
        }
        if (!thread.isAlive() && waiting.remove(job)) {
            throw new StorageOutage(CLOSED, null);
        }
        return job.await(PATIENCE);
    }

    @Override
    public void close() {
        closed = true;
        // wakes the thread; if there is no room, it is awake
        waiting.offer(new SqliteJob<>(nothing -> Boolean.TRUE));
        try {
            thread.join(FAREWELL);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void untilClosed() {
        try {
            while (!closed || !waiting.isEmpty()) {
                List<SqliteJob<?>> jobs = new ArrayList<>(List.of(waiting.take()));
                waiting.drainTo(jobs, MAX_TOGETHER - 1);
                together(jobs);
            }
            disconnect();
        } catch (InterruptedException | SQLException e) {
            // nobody interrupts this thread, and a connection that does not close has nothing left to commit
            LOGGER.warn("The SQLite database did not close: {}", e.getMessage(), e);
        }
        waiting.forEach(job -> job.fail(new StorageOutage(CLOSED, null)));
    }

    /** One transaction for all of them. */
    private void together(List<SqliteJob<?>> jobs) {
        try {
            connect();
            execute(connection, "BEGIN IMMEDIATE");
            for (SqliteJob<?> job : jobs) {
                job.runIn(connection);
            }
            execute(connection, "COMMIT");
            jobs.forEach(SqliteJob::committed);
        } catch (SQLException | IOException | RuntimeException | Error e) {
            // Error: the thread must live on. It may be that there is no native library for this machine
            StorageOutage outage = new StorageOutage("SQLite: "
                + (e instanceof Exception && e.getMessage() != null ? e.getMessage() : e), e);
            recover(e);
            jobs.forEach(job -> job.fail(outage));
        }
    }

    /** As a prepared statement, because these are kept. */
    static void execute(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.execute();
        }
    }

    private void connect() throws SQLException, IOException {
        if (connection != null && !Objects.equals(connectedTo, connector.fileKey())) {
            // somebody put another file in its place, or none: what we wrote would be lost
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

    /** The next transaction begins with a new connection; closing the old one rolls back. */
    private void recover(Throwable because) {
        try {
            disconnect();
            if (because instanceof SQLException e && SqliteConnector.isDamage(e)) {
                connector.inspect(e, connectedTo);
            }
        } catch (SQLException | IOException e) {
            because.addSuppressed(e);
        }
    }

    /** One piece of work on its way through {@link SqliteEngine}. */
    static final class SqliteJob<T> {

        private enum Stage { WAITING, RUNNING, GIVEN_UP }

        private final SqlWork<T> work;
        private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.WAITING);
        private final CompletableFuture<T> done = new CompletableFuture<>();
        private T result;

        SqliteJob(SqlWork<T> work) {
            this.work = work;
        }

        /** For the caller. Not interruptible, since the work could not be taken back. */
        T await(Duration patience) {
            try {
                return done.copy().orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS).join();
            } catch (CompletionException e) {
                if (e.getCause() instanceof TimeoutException && !done.isDone()) {
                    boolean neverRan = stage.compareAndSet(Stage.WAITING, Stage.GIVEN_UP);
                    throw new StorageOutage("SQLite did not answer within " + patience
                        + (neverRan ? "" : "; the fate of the transaction is unknown"), e.getCause());
                }
                if (e.getCause() instanceof RuntimeException cause) {
                    throw cause;
                }
                throw e;
            }
        }

        /**
         * Runs in a savepoint of the common transaction.
         *
         * @throws SQLException when the transaction as a whole is of no use any more
         */
        void runIn(Connection connection) throws SQLException {
            if (!stage.compareAndSet(Stage.WAITING, Stage.RUNNING)) {
                return;
            }
            SqliteEngine.execute(connection, "SAVEPOINT job");
            try {
                result = work.run(connection);
            } catch (SQLException e) {
                if (SqliteConnector.concernsAll(e)) {
                    throw e;
                }
                undo(connection);
                done.completeExceptionally(new StorageOutage("SQLite: " + e.getMessage(), e));
            } catch (RuntimeException e) {
                undo(connection);
                done.completeExceptionally(e);
            }
            SqliteEngine.execute(connection, "RELEASE job");
        }

        /** Fails by itself if SQLite has rolled back everything. */
        private static void undo(Connection connection) throws SQLException {
            SqliteEngine.execute(connection, "ROLLBACK TO job");
        }

        void committed() {
            done.complete(result);
        }

        void fail(RuntimeException why) {
            done.completeExceptionally(why);
        }
    }
}
