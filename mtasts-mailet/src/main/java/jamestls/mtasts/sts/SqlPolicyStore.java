package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.storage.Database;
import jamestls.storage.Migrations;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Policies in a database: they survive restarts, and on PostgreSQL several servers share them. Nothing is read at start; each
 * look-up is one row by its key. Those of other servers are read once a minute. Times are kept in milliseconds.
 */
public final class SqlPolicyStore implements PolicyStore {

    /** The tables; whoever opens the {@link Database} for this store passes them. */
    public static final Migrations TABLES = new Migrations("sts", List.of(List.of(
        "CREATE TABLE sts_policy (domain TEXT PRIMARY KEY, id TEXT NOT NULL, policy TEXT NOT NULL, fetched BIGINT NOT NULL, "
            + "last_checked BIGINT NOT NULL, last_used BIGINT NOT NULL, refresh_at BIGINT NOT NULL, expires BIGINT NOT NULL, "
            + "failed_id TEXT, retry_after BIGINT, problem_type TEXT, problem_reason TEXT)",
        "CREATE INDEX sts_policy_refresh_at ON sts_policy (refresh_at)",
        "CREATE INDEX sts_policy_expires ON sts_policy (expires)",
        "CREATE TABLE sts_failure (domain TEXT PRIMARY KEY, failed_id TEXT NOT NULL, retry_after BIGINT NOT NULL, "
            + "problem_type TEXT NOT NULL, problem_reason TEXT NOT NULL)",
        "CREATE INDEX sts_failure_retry_after ON sts_failure (retry_after)",
        "CREATE TABLE sts_claim (domain TEXT PRIMARY KEY, claimant TEXT NOT NULL, claimed_until BIGINT NOT NULL)")));

    private static final String COLUMNS = "domain, id, policy, fetched, last_checked, last_used, refresh_at, failed_id, retry_after, "
        + "problem_type, problem_reason";

    private static final Duration MEASURED_EVERY = Duration.ofMinutes(1);
    private static final Duration NO_SKEW = Duration.ofSeconds(30);
    private static final double SKEW_STEP_MILLIS = 10_000;

    private final Database database;
    private final Clock clock;
    private volatile long skewMillis;
    private volatile long measuredAt;
    private volatile boolean isMeasured;

    /** @param database a database with {@link #TABLES}; the caller closes it */
    public SqlPolicyStore(Database database) {
        this(database, Clock.systemUTC());
    }

    SqlPolicyStore(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    @Override
    public Optional<StoredPolicy> find(DomainName domain) {
        return query("SELECT " + COLUMNS + " FROM sts_policy WHERE domain = ?", domain.ascii()).stream().findFirst();
    }

    @Override
    public List<StoredPolicy> due(Instant now, Instant usedSince, int limit) {
        return query("SELECT " + COLUMNS + " FROM sts_policy "
            + "WHERE (refresh_at <= ? OR refresh_at > ?) AND last_used >= ? AND expires > ? "
            + "ORDER BY refresh_at LIMIT ?", now, now.plus(StoredPolicy.MAX_REFRESH), usedSince, now, limit);
    }

    @Override
    public List<StoredPolicy> fetchedSince(Instant since, Instant now, int limit) {
        return database.dialect() == Database.Dialect.SQLITE ? List.of() : query("SELECT " + COLUMNS + " FROM sts_policy "
            + "WHERE fetched >= ? AND expires > ? ORDER BY last_used DESC LIMIT ?", since, now, limit);
    }

    @Override
    public void save(StoredPolicy stored) {
        Optional<FetchFailure> failure = stored.failure();
        Instant latest = clock.instant().plus(StoredPolicy.MAX_SKEW);
        transaction(connection -> {
            update(connection, "INSERT INTO sts_policy AS old (" + COLUMNS + ", expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                + "ON CONFLICT (domain) DO UPDATE SET id = excluded.id, policy = excluded.policy, fetched = excluded.fetched, "
                + "last_checked = excluded.last_checked, refresh_at = excluded.refresh_at, expires = excluded.expires, "
                + "failed_id = excluded.failed_id, retry_after = excluded.retry_after, problem_type = excluded.problem_type, "
                + "problem_reason = excluded.problem_reason, "
                + "last_used = CASE WHEN excluded.last_used > old.last_used OR old.last_used > ? "
                + "THEN excluded.last_used ELSE old.last_used END "
                // StoredPolicy.isNewerThan
                + "WHERE excluded.fetched > old.fetched OR (excluded.fetched = old.fetched AND excluded.last_checked >= old.last_checked) "
                + "OR old.fetched > ? OR old.last_checked > ?",
                stored.domain().ascii(), stored.id(),
                // without the last LF: a policy of the largest size may not have had one, and would be too large with it
                String.join("\n", stored.policy().policyStrings()), stored.fetched(),
                stored.lastChecked(), stored.lastUsed(), stored.refreshAt(),
                failure.map(FetchFailure::id).orElse(null), failure.map(FetchFailure::retryAfter).orElse(null),
                failure.map(last -> last.problem().type().wireName()).orElse(null),
                failure.map(SqlPolicyStore::reasonAndText).orElse(null),
                stored.expires(), latest, latest, latest);
            return update(connection, "DELETE FROM sts_failure WHERE domain = ?", stored.domain().ascii());
        });
    }

    @Override
    public void used(Map<DomainName, Instant> lastUses) {
        transaction(connection -> {
            try (PreparedStatement update =
                     connection.prepareStatement("UPDATE sts_policy SET last_used = ? WHERE domain = ? AND last_used < ?")) {
                // sorted, so that two servers do not deadlock
                for (Map.Entry<DomainName, Instant> use : new TreeMap<>(lastUses).entrySet()) {
                    fill(update, use.getValue(), use.getKey().ascii(), use.getValue());
                    update.addBatch();
                }
                return update.executeBatch();
            }
        });
    }

    @Override
    public void removeExpired(Instant now) {
        transaction(connection -> {
            update(connection, "DELETE FROM sts_policy WHERE expires <= ?", now);
            update(connection, "DELETE FROM sts_failure WHERE retry_after <= ?", now);
            return update(connection, "DELETE FROM sts_claim WHERE claimed_until <= ?", now);
        });
    }

    @Override
    public void saveFailure(DomainName domain, FetchFailure failure) {
        transaction(connection -> update(connection,
            "INSERT INTO sts_failure (domain, failed_id, retry_after, problem_type, problem_reason) VALUES (?, ?, ?, ?, ?) "
                + "ON CONFLICT (domain) DO UPDATE SET failed_id = excluded.failed_id, retry_after = excluded.retry_after, "
                + "problem_type = excluded.problem_type, problem_reason = excluded.problem_reason",
            domain.ascii(), failure.id(), failure.retryAfter(), failure.problem().type().wireName(), reasonAndText(failure)));
    }

    @Override
    public Optional<FetchFailure> findFailure(DomainName domain) {
        return transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement(
                    "SELECT failed_id, retry_after, problem_type, problem_reason FROM sts_failure WHERE domain = ?")) {
                fill(query, domain.ascii());
                try (ResultSet row = query.executeQuery()) {
                    return row.next() ? failure(row) : Optional.empty();
                }
            }
        });
    }

    @Override
    public boolean claim(DomainName domain, String claimant, Instant now, Instant until) {
        return 1 == transaction(connection -> update(connection,
            "INSERT INTO sts_claim AS old (domain, claimant, claimed_until) VALUES (?, ?, ?) "
                + "ON CONFLICT (domain) DO UPDATE SET claimant = excluded.claimant, claimed_until = excluded.claimed_until "
                // a lease that ends later than any lease that starts now was taken with a wrong clock
                + "WHERE old.claimed_until <= ? OR old.claimed_until > ? OR old.claimant = excluded.claimant",
            domain.ascii(), claimant, until, now, until.plus(StoredPolicy.MAX_SKEW)));
    }

    @Override
    public void release(DomainName domain, String claimant) {
        transaction(connection ->
            update(connection, "DELETE FROM sts_claim WHERE domain = ? AND claimant = ?", domain.ascii(), claimant));
    }

    /** Servers that share a PostgreSQL store its time, whatever their own clocks say. */
    private <T> T transaction(Database.SqlWork<T> work) {
        return database.transaction(connection -> {
            long now = System.nanoTime();
            if (database.dialect() == Database.Dialect.POSTGRESQL && (!isMeasured || now - measuredAt > MEASURED_EVERY.toNanos())) {
                skewMillis = skew(connection);
                measuredAt = now;
                isMeasured = true;
            }
            return work.run(connection);
        });
    }

    /** How far the database's clock is ahead of this server's, in steps of ten seconds; under half a minute counts as zero. */
    private long skew(Connection connection) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)");
             ResultSet row = query.executeQuery()) {
            row.next();
            long skew = row.getLong(1) - clock.millis();
            return Math.abs(skew) < NO_SKEW.toMillis() ? 0 : Math.round(skew / SKEW_STEP_MILLIS) * (long) SKEW_STEP_MILLIS;
        }
    }

    private List<StoredPolicy> query(String sql, Object... parameters) {
        return transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement(sql)) {
                fill(query, parameters);
                List<StoredPolicy> policies = new ArrayList<>();
                try (ResultSet row = query.executeQuery()) {
                    while (row.next()) {
                        stored(row).ifPresent(policies::add);
                    }
                }
                return policies;
            }
        });
    }

    private int update(Connection connection, String sql, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            fill(statement, parameters);
            return statement.executeUpdate();
        }
    }

    private void fill(PreparedStatement statement, Object... parameters) throws SQLException {
        for (int i = 0; i < parameters.length; i++) {
            switch (parameters[i]) {
                case null -> statement.setNull(i + 1, Types.NULL);
                case Instant at -> statement.setLong(i + 1, at.toEpochMilli() + skewMillis);
                case Integer number -> statement.setInt(i + 1, number);
                case Object text -> statement.setString(i + 1, text.toString());
            }
        }
    }

    /** The policy of a row; empty for a row with invalid values, so that the policy is fetched again. */
    private Optional<StoredPolicy> stored(ResultSet row) throws SQLException {
        Optional<DomainName> domain = DomainName.parse(row.getString("domain"));
        ParsedPolicy parsed = StsPolicy.parse(row.getString("policy").getBytes(StandardCharsets.UTF_8));
        return domain.isPresent() && parsed instanceof ParsedPolicy.Valid(StsPolicy policy)
            ? Optional.of(new StoredPolicy(domain.get(), row.getString("id"), policy,
                new StoredPolicy.Times(time(row, "fetched"), time(row, "last_checked"), time(row, "last_used"), time(row, "refresh_at")),
                failure(row)))
            : Optional.empty();
    }

    /** The reason, and the text of an invalid policy in the lines after it: versions before 0.3.0 read and write the reason only. */
    private static String reasonAndText(FetchFailure failure) {
        return String.join("\n", Stream.concat(Stream.of(failure.problem().reason()), failure.declared().stream()).toList());
    }

    private Optional<FetchFailure> failure(ResultSet row) throws SQLException {
        String id = row.getString("failed_id");
        if (id == null) {
            return Optional.empty();
        }
        ResultType type = ResultType.ofWireName(row.getString("problem_type")).orElse(ResultType.STS_POLICY_FETCH_ERROR);
        List<String> reasonAndText = List.of(row.getString("problem_reason").split("\n"));
        return Optional.of(new FetchFailure(id, time(row, "retry_after"), new Violation(type, reasonAndText.getFirst()),
            reasonAndText.subList(1, reasonAndText.size())));
    }

    private Instant time(ResultSet row, String column) throws SQLException {
        return Instant.ofEpochMilli(row.getLong(column) - skewMillis);
    }
}
