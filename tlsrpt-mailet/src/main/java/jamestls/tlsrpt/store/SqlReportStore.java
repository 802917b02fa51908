package jamestls.tlsrpt.store;

import jamestls.net.Backoff;
import jamestls.storage.Database;
import jamestls.storage.Database.SqlWork;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.store.ReportRecord.Dispatch;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Delivery records in a {@link Database} with the tables of {@link TallySchema}. */
public final class SqlReportStore implements ReportStore {

    private static final String COLUMNS = "SELECT day, domain, part, report_id, destination, state, tries, at, retry_at, result "
        + "FROM tlsrpt_dispatch ";
    private static final String BEGIN = "INSERT INTO tlsrpt_dispatch "
        + "(day, domain, part, target, destination, report_id, state, tries, at, retry_at, result) "
        + "VALUES (?, ?, ?, ?, ?, ?, 'SENDING', 1, ?, NULL, '') ON CONFLICT (day, domain, part, target) DO UPDATE SET "
        + "state = excluded.state, tries = tlsrpt_dispatch.tries + 1, at = excluded.at, retry_at = NULL, result = '' "
        + "WHERE tlsrpt_dispatch.state NOT IN ('ACCEPTED', 'GIVEN_UP', 'LOST')";
    private static final String DELAY = "INSERT INTO tlsrpt_dispatch "
        + "(day, domain, part, target, destination, report_id, state, tries, at, retry_at, result) "
        + "VALUES (?, ?, ?, ?, ?, ?, 'REFUSED', 0, ?, ?, ?) ON CONFLICT (day, domain, part, target) DO UPDATE SET "
        + "state = excluded.state, at = excluded.at, retry_at = excluded.retry_at, result = excluded.result "
        + "WHERE tlsrpt_dispatch.state NOT IN ('ACCEPTED', 'GIVEN_UP', 'LOST')";
    private static final int ROWS_PER_SLICE = 1_000;
    private static final int MAX_TRIES = 3;
    /** Long enough for a failover of PostgreSQL together with the connection timeouts; the results of other reports wait meanwhile. */
    private static final Backoff BACKOFF = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(5));

    private final Database database;
    private final Pause pause;

    public SqlReportStore(Database database) {
        this(database, Thread::sleep);
    }

    /** @param pause waits between the tries of a write */
    SqlReportStore(Database database, Pause pause) {
        this.database = database;
        this.pause = pause;
    }

    /** Waits for a duration. */
    @FunctionalInterface
    interface Pause {

        void await(Duration duration) throws InterruptedException;
    }

    @Override
    public Optional<ReportRecord> begin(Dispatch dispatch, Instant now) {
        return database.transaction(connection -> {
            Optional<ReportRecord> before = one(connection, dispatch);
            try (PreparedStatement insert = connection.prepareStatement(BEGIN)) {
                int next = setDispatch(insert, 1, dispatch);
                JdbcValues.set(insert, next, dispatch.destination(), dispatch.reportId(), now.toEpochMilli());
                insert.executeUpdate();
            }
            return before;
        });
    }

    @Override
    public void begin(List<Dispatch> dispatches, Instant now) {
        database.transaction(connection -> {
            try (PreparedStatement insert = connection.prepareStatement(BEGIN)) {
                for (Dispatch dispatch : dispatches) {
                    int next = setDispatch(insert, 1, dispatch);
                    JdbcValues.set(insert, next, dispatch.destination(), dispatch.reportId(), now.toEpochMilli());
                    insert.addBatch();
                }
                return insert.executeBatch();
            }
        });
    }

    @Override
    public void delay(Dispatch dispatch, String reason, Instant retryAt, Instant now) {
        database.transaction(connection -> {
            try (PreparedStatement insert = connection.prepareStatement(DELAY)) {
                int next = setDispatch(insert, 1, dispatch);
                JdbcValues.set(insert, next, dispatch.destination(), dispatch.reportId(), now.toEpochMilli(), retryAt.toEpochMilli(),
                    reason);
                return insert.executeUpdate();
            }
        });
    }

    @Override
    public void finish(Dispatch dispatch, ReportRecord.State state, String result, Optional<Instant> retryAt, Instant now) {
        // tries are counted by begin
        finish(List.of(new ReportRecord(dispatch, state, 0, now, retryAt, result)));
    }

    @Override
    public void finish(List<ReportRecord> finished) {
        retried(connection -> {
            try (PreparedStatement update = connection.prepareStatement("UPDATE tlsrpt_dispatch SET state = ?, result = ?, at = ?, "
                     + "retry_at = CAST(? AS BIGINT) WHERE day = ? AND domain = ? AND part = ? AND target = ? AND state <> 'LOST'")) {
                for (ReportRecord each : finished) {
                    JdbcValues.set(update, 1, each.state().name(), each.result(), each.at().toEpochMilli());
                    update.setObject(4, each.retryAt().map(Instant::toEpochMilli).orElse(null));
                    setDispatch(update, 5, each.dispatch());
                    update.addBatch();
                }
                return update.executeBatch();
            }
        });
    }

    @Override
    public List<ReportRecord> of(TallyKey key) {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement(COLUMNS + "WHERE day = ? AND domain = ?")) {
                JdbcValues.setKey(query, 1, key);
                return read(query).stream().sorted(ReportRecord.BY_PART).toList();
            }
        });
    }

    @Override
    public List<ReportRecord> latest(int limit) {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement(COLUMNS + "ORDER BY at DESC LIMIT ?")) {
                query.setInt(1, limit);
                return read(query);
            }
        });
    }

    @Override
    public void forget(LocalDate firstKept) {
        int deleted = 1;
        while (deleted > 0 && !Thread.currentThread().isInterrupted()) {
            deleted = database.transaction(connection -> {
                try (PreparedStatement delete = connection.prepareStatement("DELETE FROM tlsrpt_dispatch WHERE (day, domain, part, target) "
                         + "IN (SELECT day, domain, part, target FROM tlsrpt_dispatch WHERE day < ? LIMIT ?)")) {
                    JdbcValues.set(delete, 1, firstKept.toEpochDay(), ROWS_PER_SLICE);
                    return delete.executeUpdate();
                }
            });
        }
    }

    /** Retries a write over a short outage, because a report whose acceptance is not recorded is sent again. */
    private void retried(SqlWork<int[]> work) {
        for (int retries = 0; ; retries++) {
            try {
                database.transaction(work);
                return;
            } catch (StorageOutage e) {
                if (retries == MAX_TRIES - 1) {
                    throw e;
                }
                awaitRetry(BACKOFF.pause(retries), e);
            }
        }
    }

    private void awaitRetry(Duration duration, StorageOutage outage) {
        try {
            pause.await(duration);
        } catch (InterruptedException e) {
            // an interrupted thread gets no database connection
            Thread.currentThread().interrupt();
            throw outage;
        }
    }

    private static Optional<ReportRecord> one(Connection connection, Dispatch dispatch) throws SQLException {
        try (PreparedStatement query =
                 connection.prepareStatement(COLUMNS + "WHERE day = ? AND domain = ? AND part = ? AND target = ?")) {
            setDispatch(query, 1, dispatch);
            return read(query).stream().findFirst();
        }
    }

    private static List<ReportRecord> read(PreparedStatement query) throws SQLException {
        List<ReportRecord> records = new ArrayList<>();
        try (ResultSet answer = query.executeQuery()) {
            while (answer.next()) {
                TallyKey key = TallyKey.of(LocalDate.ofEpochDay(answer.getLong(1)), answer.getString(2));
                long retryAt = answer.getLong(9);
                Optional<Instant> retry = answer.wasNull() ? Optional.empty() : Optional.of(Instant.ofEpochMilli(retryAt));
                records.add(new ReportRecord(new Dispatch(key, answer.getInt(3), answer.getString(4), answer.getString(5)),
                    ReportRecord.State.valueOf(answer.getString(6)), answer.getInt(7), Instant.ofEpochMilli(answer.getLong(8)),
                    retry, answer.getString(10)));
            }
        }
        return records;
    }

    /** @return the number of the next parameter */
    private static int setDispatch(PreparedStatement statement, int first, Dispatch dispatch) throws SQLException {
        int next = JdbcValues.setKey(statement, first, dispatch.key());
        JdbcValues.set(statement, next, dispatch.part(), JdbcValues.hash(dispatch.destination()));
        return next + 2;
    }
}
