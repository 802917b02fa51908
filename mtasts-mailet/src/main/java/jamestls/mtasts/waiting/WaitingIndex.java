package jamestls.mtasts.waiting;

import jamestls.dns.DomainName;
import jamestls.storage.Database;
import jamestls.storage.Migrations;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The due times of mails that wait outside of James's queue: one row for each wait, in PostgreSQL. Servers that share the database claim
 * due rows by lease. Every method is one transaction, or several of bounded size, and fails with
 * {@link jamestls.storage.StorageOutage} while the database is down.
 *
 * <p>All times are PostgreSQL's, in milliseconds since 1970, so the clocks of servers need not agree. A row whose {@code next} is null is
 * never claimed: its mail is missing in the repository.
 */
public final class WaitingIndex {

    /** The tables, to be passed to the {@link Database} of this index, which must be PostgreSQL. */
    public static final Migrations TABLES = new Migrations("waiting", List.of(List.of(
        "CREATE TABLE waiting_mail (queue TEXT NOT NULL, name TEXT NOT NULL, repository TEXT NOT NULL, domains TEXT[] NOT NULL, "
            + "next BIGINT, requested BOOLEAN NOT NULL, owner TEXT, published BOOLEAN NOT NULL, misses INTEGER NOT NULL, "
            + "parked BIGINT NOT NULL, PRIMARY KEY (queue, name))",
        "CREATE INDEX waiting_mail_next ON waiting_mail (queue, next) WHERE next IS NOT NULL",
        "CREATE INDEX waiting_mail_missing ON waiting_mail (queue) WHERE next IS NULL")));

    private static final String NOW = "(EXTRACT(EPOCH FROM now()) * 1000)::BIGINT";
    /** A statement over all rows would exceed the wait for an answer of the database. */
    private static final int MAX_ROWS_AT_ONCE = 5_000;

    private final Database database;
    private final String queue;

    /**
     * An index of one queue.
     *
     * @param database has {@link #TABLES}; closed by its opener
     * @param queue the name of James's queue
     */
    public WaitingIndex(Database database, String queue) {
        this.database = database;
        this.queue = queue;
    }

    /**
     * A mail that begins to wait.
     *
     * @param name its name in the repository
     * @param before its name during the wait before, which is over with this one
     * @param repository the URL of the repository
     * @param domains its recipient domains, at least one
     */
    record Parked(String name, Optional<String> before, String repository, List<String> domains, Duration delay) {
    }

    /**
     * A claimed mail.
     *
     * @param domain its first recipient domain
     * @param requested whether it was made due by request
     * @param published whether it is in the queue already and only has to be forgotten
     * @param misses how often the repository did not have it
     * @param abandoned whether a server that had claimed it before has not finished: it may be in the queue already
     */
    record Claimed(String name, String repository, String domain, boolean requested, boolean published, int misses, boolean abandoned) {
    }

    /**
     * The state of a queue.
     *
     * @param waiting all rows
     * @param overdue rows that have been due for more than a minute
     * @param missing rows whose mail is missing in the repository
     */
    public record Counts(long waiting, long overdue, long missing) {

        static final Counts NONE = new Counts(0, 0, 0);
    }

    /** Adds mails. One that is there already gets the new due time, unless a server has claimed it. */
    void add(Collection<Parked> parked) {
        List<Parked> inOrder = parked.stream().sorted(Comparator.comparing(Parked::name)).toList();
        database.transaction(connection -> {
            try (PreparedStatement over = connection.prepareStatement("UPDATE waiting_mail SET published = TRUE, "
                     + "next = CASE WHEN owner IS NULL THEN " + NOW + " ELSE next END WHERE queue = ? AND name = ?");
                 PreparedStatement insert = connection.prepareStatement("INSERT INTO waiting_mail AS old (queue, name, repository, "
                     + "domains, next, requested, published, misses, parked) "
                     + "VALUES (?, ?, ?, ?, " + NOW + " + ?, FALSE, FALSE, 0, " + NOW + ") "
                     + "ON CONFLICT (queue, name) DO UPDATE SET repository = excluded.repository, domains = excluded.domains, "
                     + "next = excluded.next, requested = FALSE, misses = 0 WHERE old.owner IS NULL AND NOT old.published")) {
                for (Parked mail : inOrder) {
                    if (mail.before().isPresent()) {
                        over.setString(1, queue);
                        over.setString(2, mail.before().get());
                        over.addBatch();
                    }
                    insert.setString(1, queue);
                    insert.setString(2, mail.name());
                    insert.setString(3, mail.repository());
                    insert.setArray(4, texts(insert, mail.domains()));
                    insert.setLong(5, mail.delay().toMillis());
                    insert.addBatch();
                }
                over.executeBatch();
                return insert.executeBatch();
            }
        });
    }

    /**
     * Claims due mails, oldest due time first. Mails that other servers are claiming are skipped.
     *
     * @param owner names this claim; only it can release the rows
     * @param lease the time after which other servers may claim the rows again
     * @param abandoned whether to claim rows, too, whose lease has ended
     * @param except first recipient domains to leave out
     */
    List<Claimed> claim(String owner, Duration lease, Abandoned abandoned, Collection<String> except, int limit) {
        return database.transaction(connection -> {
            try (PreparedStatement claim = connection.prepareStatement("UPDATE waiting_mail AS mail SET owner = ?, next = " + NOW + " + ? "
                + "FROM (SELECT name, owner AS former FROM waiting_mail WHERE queue = ? AND next <= " + NOW
                + " AND (owner IS NULL OR ?) AND domains[1] <> ALL (?) ORDER BY next LIMIT ? FOR UPDATE SKIP LOCKED) AS due "
                + "WHERE mail.queue = ? AND mail.name = due.name RETURNING mail.name, mail.repository, mail.domains[1] AS domain, "
                + "mail.requested, mail.published, mail.misses, due.former IS NOT NULL AS abandoned")) {
                claim.setString(1, owner);
                claim.setLong(2, lease.toMillis());
                claim.setString(3, queue);
                claim.setBoolean(4, abandoned == Abandoned.TOO);
                claim.setArray(5, texts(claim, except));
                claim.setInt(6, limit);
                claim.setString(7, queue);
                List<Claimed> rows = new ArrayList<>();
                try (ResultSet row = claim.executeQuery()) {
                    while (row.next()) {
                        rows.add(new Claimed(row.getString("name"), row.getString("repository"), row.getString("domain"),
                            row.getBoolean("requested"), row.getBoolean("published"), row.getInt("misses"), row.getBoolean("abandoned")));
                    }
                }
                return rows;
            }
        });
    }

    /** Whether a claim takes rows whose lease has ended. */
    enum Abandoned { TOO, NOT }

    /** Ends the lease of rows and makes them due after a delay. Rows of another claim are left alone. */
    void release(String owner, Collection<String> names, Duration delay) {
        update("UPDATE waiting_mail SET owner = NULL, next = " + NOW + " + ? WHERE queue = ? AND name = ANY (?) AND owner = ?",
            statement -> {
                statement.setLong(1, delay.toMillis());
                statement.setString(2, queue);
                statement.setArray(3, texts(statement, names));
                statement.setString(4, owner);
            });
    }

    /**
     * Notes that the repository does not have a claimed mail.
     *
     * @param next the time until the next look; empty to leave the row for the operator
     */
    void missed(String owner, String name, Optional<Duration> next) {
        update("UPDATE waiting_mail SET owner = NULL, misses = misses + 1, next = " + NOW + " + ? "
            + "WHERE queue = ? AND name = ? AND owner = ?", statement -> {
                statement.setObject(1, next.map(Duration::toMillis).orElse(null), Types.BIGINT);
                statement.setString(2, queue);
                statement.setString(3, name);
                statement.setString(4, owner);
            });
    }

    /** Notes that mails are in the queue: only {@link #forget} is left to do. */
    void published(Collection<String> names) {
        onNames("UPDATE waiting_mail SET published = TRUE WHERE queue = ? AND name = ANY (?)", names);
    }

    /** Removes rows of mails that are in the queue. */
    void forget(Collection<String> names) {
        onNames("DELETE FROM waiting_mail WHERE queue = ? AND name = ANY (?) AND published", names);
    }

    /**
     * Makes mails due now, for whichever server is first.
     *
     * @param domain only those with recipients there; empty for all
     * @return how many
     */
    public long dueNow(Optional<DomainName> domain) {
        long all = 0;
        int some;
        do {
            some = database.transaction(connection -> {
                try (PreparedStatement update = connection.prepareStatement("UPDATE waiting_mail SET next = " + NOW + ", requested = TRUE "
                    + "WHERE queue = ? AND name IN (SELECT name FROM waiting_mail WHERE queue = ? AND owner IS NULL AND NOT published "
                    + "AND next > " + NOW + (domain.isPresent() ? " AND ? = ANY (domains)" : "") + " LIMIT ? FOR UPDATE SKIP LOCKED)")) {
                    int next = 1;
                    update.setString(next++, queue);
                    update.setString(next++, queue);
                    if (domain.isPresent()) {
                        update.setString(next++, domain.get().ascii());
                    }
                    update.setInt(next, MAX_ROWS_AT_ONCE);
                    return update.executeUpdate();
                }
            });
            all += some;
        } while (some == MAX_ROWS_AT_ONCE);
        return all;
    }

    Counts counts() {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement("SELECT COUNT(*), COUNT(*) FILTER (WHERE next < " + NOW
                + " - 60000), COUNT(*) FILTER (WHERE next IS NULL) FROM waiting_mail WHERE queue = ?")) {
                query.setString(1, queue);
                try (ResultSet row = query.executeQuery()) {
                    row.next();
                    return new Counts(row.getLong(1), row.getLong(2), row.getLong(3));
                }
            }
        });
    }

    /** A row whose mail is missing in the repository. */
    record Missing(String name, String repository, String domains) {
    }

    /** The longest waiting rows whose mail is missing in the repository, at most {@code limit}. */
    List<Missing> missing(int limit) {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement("SELECT name, repository, ARRAY_TO_STRING(domains, ' ') AS domains "
                + "FROM waiting_mail WHERE queue = ? AND next IS NULL ORDER BY parked LIMIT ?")) {
                query.setString(1, queue);
                query.setInt(2, limit);
                List<Missing> missing = new ArrayList<>();
                try (ResultSet row = query.executeQuery()) {
                    while (row.next()) {
                        missing.add(new Missing(row.getString("name"), row.getString("repository"), row.getString("domains")));
                    }
                }
                return missing;
            }
        });
    }

    /** Makes a row due whose mail was missing. */
    void found(String name) {
        onNames("UPDATE waiting_mail SET next = " + NOW + ", misses = 0 WHERE queue = ? AND name = ANY (?) AND next IS NULL",
            List.of(name));
    }

    /** Removes a row whose mail is missing. */
    void removeMissing(String name) {
        onNames("DELETE FROM waiting_mail WHERE queue = ? AND name = ANY (?) AND next IS NULL", List.of(name));
    }

    /** Which of these names have a row, in any queue. */
    Set<String> known(Collection<String> names) {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement("SELECT name FROM waiting_mail WHERE name = ANY (?)")) {
                query.setArray(1, texts(query, names));
                Set<String> known = new HashSet<>();
                try (ResultSet row = query.executeQuery()) {
                    while (row.next()) {
                        known.add(row.getString("name"));
                    }
                }
                return known;
            }
        });
    }

    private void onNames(String sql, Collection<String> names) {
        update(sql, statement -> {
            statement.setString(1, queue);
            statement.setArray(2, texts(statement, names));
        });
    }

    private void update(String sql, Binder binder) {
        database.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                binder.bind(statement);
                return statement.executeUpdate();
            }
        });
    }

    @FunctionalInterface
    private interface Binder {
        void bind(PreparedStatement statement) throws SQLException;
    }

    private static Array texts(PreparedStatement statement, Collection<String> texts) throws SQLException {
        return statement.getConnection().createArrayOf("text", texts.toArray());
    }
}
