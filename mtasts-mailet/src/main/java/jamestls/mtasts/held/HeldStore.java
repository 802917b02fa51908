package jamestls.mtasts.held;

import jamestls.dns.DomainName;
import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.held.HeldMail.Key;
import jamestls.mtasts.held.HeldMail.Why;
import jamestls.storage.Database;
import jamestls.storage.Migrations;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Waiting mails and requests to retry some of them now, in the database of policies. Servers that share a PostgreSQL see
 * each other's. Every method is one transaction and fails with {@link jamestls.storage.StorageOutage} while the database is down.
 * Times are kept in milliseconds.
 */
public final class HeldStore {

    /** The tables, to be passed to the {@link Database} of this store. */
    public static final Migrations TABLES = new Migrations("held", List.of(List.of(
        "CREATE TABLE held_mail (item TEXT NOT NULL, domain TEXT NOT NULL, server TEXT NOT NULL, cause TEXT NOT NULL, "
            + "since BIGINT NOT NULL, tried BIGINT NOT NULL, next_try BIGINT NOT NULL, "
            + "expires BIGINT NOT NULL, mails INTEGER NOT NULL, sentence TEXT NOT NULL, "
            + "remedy TEXT NOT NULL, PRIMARY KEY (item, domain)) ${clustered}",
        "CREATE INDEX held_mail_domain ON held_mail (domain)",
        "CREATE INDEX held_mail_server ON held_mail (server)",
        "CREATE INDEX held_mail_expires ON held_mail (expires)",
        "CREATE TABLE held_would (domain TEXT NOT NULL, cause TEXT NOT NULL, mails BIGINT NOT NULL, since BIGINT NOT NULL, "
            + "last BIGINT NOT NULL, sentence TEXT NOT NULL, remedy TEXT NOT NULL, PRIMARY KEY (domain, cause)) ${clustered}",
        "CREATE INDEX held_would_last ON held_would (last)",
        "CREATE TABLE held_retry (id TEXT PRIMARY KEY, domain TEXT NOT NULL, asked BIGINT NOT NULL)")));

    /** The lifetime of a request: a server that was down longer must not act on an old one. */
    public static final Duration REQUEST_LASTS = Duration.ofMinutes(10);
    /** The bound of groups in an answer. */
    public static final int MAX_GROUPS = 1_000;
    private static final int MAX_REQUESTS = 100;
    /** The largest difference expected between clocks of servers that share a database. */
    private static final Duration MAX_SKEW = Duration.ofMinutes(10);
    /** The lifetime of an entry of {@link #wouldBeHeld} after it was last seen. */
    private static final Duration WOULD_LASTS = Duration.ofDays(30);

    private final Database database;

    /** @param database has {@link #TABLES}; closed by its opener */
    public HeldStore(Database database) {
        this.database = database;
    }

    /**
     * A change of one row.
     *
     * @param held the new row; empty to delete it
     * @param tried the time of the attempt
     * @param expires the time after which the row is ignored
     */
    record Change(Optional<HeldMail> held, Instant tried, Instant expires) {
    }

    /** A request to try the mails of a domain now. */
    public record RetryRequest(String id, DomainName domain, Instant asked) {
    }

    /**
     * Writes changes in one transaction.
     *
     * @param server the name of the writing server
     */
    void write(Map<Key, Change> changes, String server) {
        database.transaction(connection -> {
            try (PreparedStatement save = connection.prepareStatement("INSERT INTO held_mail (item, domain, server, cause, since, tried, "
                    + "next_try, expires, mails, sentence, remedy) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                    + "ON CONFLICT (item, domain) DO UPDATE SET server = excluded.server, cause = excluded.cause, "
                    + "since = excluded.since, tried = excluded.tried, "
                    + "next_try = excluded.next_try, expires = excluded.expires, mails = excluded.mails, sentence = excluded.sentence, "
                    + "remedy = excluded.remedy");
                 PreparedStatement delete = connection.prepareStatement("DELETE FROM held_mail WHERE item = ? AND domain = ?")) {
                for (Map.Entry<Key, Change> each : new TreeMap<>(changes).entrySet()) {
                    Change change = each.getValue();
                    PreparedStatement statement = change.held().isPresent() ? save : delete;
                    statement.setString(1, each.getKey().item());
                    statement.setString(2, each.getKey().domain());
                    if (change.held().isPresent()) {
                        HeldMail held = change.held().get();
                        save.setString(3, server);
                        save.setString(4, held.why().cause().wireName());
                        save.setLong(5, held.since().toEpochMilli());
                        save.setLong(6, change.tried().toEpochMilli());
                        save.setLong(7, held.nextTry().toEpochMilli());
                        save.setLong(8, change.expires().toEpochMilli());
                        save.setInt(9, held.mails());
                        save.setString(10, held.why().sentence());
                        save.setString(11, held.why().remedy());
                    }
                    statement.executeUpdate();
                }
            }
            return Boolean.TRUE;
        });
    }

    /** The rows that a server wrote, with their expiry, without expired ones; at most {@code limit}. */
    List<Map.Entry<HeldMail, Instant>> ofServer(String server, Instant now, int limit) {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement("SELECT item, domain, cause, since, next_try, mails, sentence, "
                + "remedy, expires FROM held_mail WHERE server = ? AND expires > ? LIMIT ?")) {
                query.setString(1, server);
                query.setLong(2, now.toEpochMilli());
                query.setInt(3, limit);
                List<Map.Entry<HeldMail, Instant>> rows = new ArrayList<>();
                try (ResultSet row = query.executeQuery()) {
                    while (row.next()) {
                        rows.add(Map.entry(new HeldMail(new Key(row.getString("item"), row.getString("domain")), time(row, "since"),
                            time(row, "next_try"), why(row), row.getInt("mails")), time(row, "expires")));
                    }
                }
                return rows;
            }
        });
    }

    /** The waiting mails by domain and cause, largest groups first, at most {@value #MAX_GROUPS}. */
    public List<HeldGroup> groups(Optional<DomainName> domain, Instant now) {
        return groups("SELECT domain, cause, mails, since, next_try, sentence, remedy FROM (SELECT domain, cause, sentence, remedy, "
            + "SUM(mails) OVER (PARTITION BY domain, cause) AS mails, MIN(since) OVER (PARTITION BY domain, cause) AS since, "
            + "MIN(next_try) OVER (PARTITION BY domain, cause) AS next_try, "
            + "ROW_NUMBER() OVER (PARTITION BY domain, cause ORDER BY tried DESC, item) AS place FROM held_mail WHERE expires > ?"
            + (domain.isPresent() ? " AND domain = ?" : "") + ") AS held WHERE place = 1 ORDER BY mails DESC, domain, cause LIMIT ?",
            domain, now);
    }

    /**
     * The delivered mails that would be held if policies were enforced, by domain and cause. {@link HeldGroup#nextTry} is the time of the
     * last one.
     */
    public List<HeldGroup> wouldBeHeld(Optional<DomainName> domain, Instant now) {
        return groups("SELECT domain, cause, mails, since, last AS next_try, sentence, remedy FROM held_would WHERE last > ?"
            + (domain.isPresent() ? " AND domain = ?" : "") + " ORDER BY mails DESC, domain, cause LIMIT ?", domain,
            now.minus(WOULD_LASTS));
    }

    private List<HeldGroup> groups(String sql, Optional<DomainName> domain, Instant after) {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement(sql)) {
                int next = 1;
                query.setLong(next++, after.toEpochMilli());
                if (domain.isPresent()) {
                    query.setString(next++, domain.get().ascii());
                }
                query.setInt(next, MAX_GROUPS);
                List<HeldGroup> groups = new ArrayList<>();
                try (ResultSet row = query.executeQuery()) {
                    while (row.next()) {
                        groups.add(new HeldGroup(row.getString("domain"), row.getLong("mails"), time(row, "since"), time(row, "next_try"),
                            why(row)));
                    }
                }
                return groups;
            }
        });
    }

    /** Adds to the counts of {@link #wouldBeHeld}. */
    void addWouldBeHeld(Collection<HeldGroup> seen) {
        database.transaction(connection -> {
            try (PreparedStatement add = connection.prepareStatement("INSERT INTO held_would AS old (domain, cause, mails, since, "
                + "last, sentence, remedy) VALUES (?, ?, ?, ?, ?, ?, ?) "
                + "ON CONFLICT (domain, cause) DO UPDATE SET mails = old.mails + excluded.mails, "
                + "last = excluded.last, sentence = excluded.sentence, remedy = excluded.remedy")) {
                List<HeldGroup> inOrder =
                    seen.stream().sorted(Comparator.comparing(HeldGroup::domain).thenComparing(HeldGroup::cause)).toList();
                for (HeldGroup each : inOrder) {
                    add.setString(1, each.domain());
                    add.setString(2, each.cause().wireName());
                    add.setLong(3, each.mails());
                    add.setLong(4, each.since().toEpochMilli());
                    add.setLong(5, each.nextTry().toEpochMilli());
                    add.setString(6, each.why().sentence());
                    add.setString(7, each.why().remedy());
                    add.executeUpdate();
                }
            }
            return Boolean.TRUE;
        });
    }

    /** Writes a request for all servers that share the database. A second one with the same id is ignored. */
    public void ask(RetryRequest request) {
        database.transaction(connection -> {
            delete(connection, "DELETE FROM held_retry WHERE asked < ?", request.asked().minus(REQUEST_LASTS).minus(MAX_SKEW));
            try (PreparedStatement insert =
                     connection.prepareStatement("INSERT INTO held_retry (id, domain, asked) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")) {
                insert.setString(1, request.id());
                insert.setString(2, request.domain().ascii());
                insert.setLong(3, request.asked().toEpochMilli());
                return insert.executeUpdate();
            }
        });
    }

    /** The open requests, oldest first; the latest {@value #MAX_REQUESTS}. */
    List<RetryRequest> requests(Instant now) {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement("SELECT id, domain, asked FROM held_retry "
                + "WHERE asked > ? AND asked < ? ORDER BY asked DESC LIMIT ?")) {
                query.setLong(1, now.minus(REQUEST_LASTS).toEpochMilli());
                // a later time was written by a wrong clock
                query.setLong(2, now.plus(MAX_SKEW).toEpochMilli());
                query.setInt(3, MAX_REQUESTS);
                List<RetryRequest> requests = new ArrayList<>();
                try (ResultSet row = query.executeQuery()) {
                    while (row.next()) {
                        String id = row.getString("id");
                        Instant asked = time(row, "asked");
                        DomainName.parse(row.getString("domain"))
                            .ifPresent(domain -> requests.addFirst(new RetryRequest(id, domain, asked)));
                    }
                }
                return requests;
            }
        });
    }

    /** Deletes expired rows. */
    void removeExpired(Instant now) {
        database.transaction(connection -> delete(connection, "DELETE FROM held_mail WHERE expires <= ?", now)
            + delete(connection, "DELETE FROM held_would WHERE last <= ?", now.minus(WOULD_LASTS))
            + delete(connection, "DELETE FROM held_retry WHERE asked < ?", now.minus(REQUEST_LASTS).minus(MAX_SKEW)));
    }

    private static int delete(Connection connection, String sql, Instant before) throws SQLException {
        try (PreparedStatement delete = connection.prepareStatement(sql)) {
            delete.setLong(1, before.toEpochMilli());
            return delete.executeUpdate();
        }
    }

    private static Instant time(ResultSet row, String column) throws SQLException {
        return Instant.ofEpochMilli(row.getLong(column));
    }

    private static Why why(ResultSet row) throws SQLException {
        return new Why(Cause.ofWireName(row.getString("cause")), row.getString("sentence"), row.getString("remedy"));
    }
}
