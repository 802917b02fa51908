package jamestls.storage;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

/** One piece of work on its way through {@link SqliteEngine}. */
final class SqliteJob<T> {

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
