package jamestls.mtasts.check;

import jamestls.dns.DomainName;
import jamestls.mtasts.check.CheckResult.Line;
import jamestls.mtasts.check.CheckResult.Severity;
import jamestls.mtasts.check.Snapshot.Item;
import jamestls.mtasts.check.Snapshot.Item.Part;
import jamestls.mtasts.check.Snapshot.Problem;
import jamestls.mtasts.check.Snapshot.Value;
import jamestls.outcome.OwnDomainEvents;
import jamestls.outcome.OwnDomainEvents.Event;
import jamestls.outcome.OwnDomainEvents.Kind;
import jamestls.storage.Database;
import jamestls.storage.Migrations;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The findings about own domains, what is remembered of them, and what has changed, in the database of policies. Every method is one
 * transaction and fails with {@link jamestls.storage.StorageOutage} while the database is down. Times are kept in milliseconds.
 */
public final class OwnDomainStore {

    /** The tables, to be passed to the {@link Database} of this store. */
    public static final Migrations TABLES = new Migrations("own", List.of(List.of(
        "CREATE TABLE own_domain (domain TEXT PRIMARY KEY, checked BIGINT NOT NULL, due BIGINT NOT NULL, holder TEXT NOT NULL, "
            + "leased BIGINT NOT NULL)",
        "CREATE TABLE own_item (domain TEXT NOT NULL, part TEXT NOT NULL, host TEXT NOT NULL, text TEXT NOT NULL, since BIGINT NOT NULL, "
            + "PRIMARY KEY (domain, part, host)) ${clustered}",
        "CREATE TABLE own_finding (domain TEXT NOT NULL, place INTEGER NOT NULL, severity TEXT NOT NULL, code TEXT NOT NULL, "
            + "subject TEXT NOT NULL, text TEXT NOT NULL, remedy TEXT NOT NULL, PRIMARY KEY (domain, place)) ${clustered}",
        "CREATE TABLE own_event (id ${identity}, domain TEXT NOT NULL, time BIGINT NOT NULL, kind TEXT NOT NULL, host TEXT NOT NULL, "
            + "text TEXT NOT NULL)",
        "CREATE INDEX own_event_domain ON own_event (domain, time)")));

    private static final Duration KEPT = Duration.ofDays(400);
    /** A lease that ends later was taken with a wrong clock. */
    private static final Duration MAX_LEASE = Duration.ofHours(1);

    private final Database database;

    /** @param database has {@link #TABLES}; closed by its opener */
    public OwnDomainStore(Database database) {
        this.database = database;
    }

    /**
     * Claims the check of a domain for one server.
     *
     * @param until when another server may take over
     * @return whether it is due, and no other server is at it
     */
    boolean claim(DomainName domain, String holder, Instant now, Instant until) {
        return database.transaction(connection -> update(connection, "INSERT INTO own_domain AS old (domain, checked, due, holder, leased) "
            + "VALUES (?, 0, 0, ?, ?) ON CONFLICT (domain) DO UPDATE SET holder = excluded.holder, leased = excluded.leased "
            + "WHERE old.due <= ? AND (old.leased <= ? OR old.leased > ?)", domain.ascii(), holder, until.toEpochMilli(),
            now.toEpochMilli(), now.toEpochMilli(), now.plus(MAX_LEASE).toEpochMilli())) == 1;
    }

    /** The domains that are not due, or that another server is checking. */
    Set<String> notDue(Instant now) {
        return database.transaction(connection -> {
            Set<String> domains = new HashSet<>();
            read(connection, "SELECT domain FROM own_domain WHERE due > ? OR leased > ? AND leased <= ?",
                row -> domains.add(row.getString(1)), now.toEpochMilli(), now.toEpochMilli(), now.plus(MAX_LEASE).toEpochMilli());
            return domains;
        });
    }

    /** What is remembered of a domain. */
    public Snapshot snapshot(DomainName domain) {
        return database.transaction(connection -> {
            Map<Item, Value> items = new HashMap<>();
            read(connection, "SELECT part, host, text, since FROM own_item WHERE domain = ?", row -> {
                Item item = new Item(Part.valueOf(row.getString(1).toUpperCase(Locale.ROOT)), row.getString(2));
                items.put(item, new Value(row.getString(3), Instant.ofEpochMilli(row.getLong(4))));
            }, domain.ascii());
            Set<Problem> problems = new HashSet<>();
            read(connection, "SELECT code, subject, text FROM own_finding WHERE domain = ? AND severity = ?", row ->
                problems.add(new Problem(row.getString(1), row.getString(2), row.getString(3))), domain.ascii(),
                Severity.PROBLEM.wireName());
            return new Snapshot(items, problems);
        });
    }

    /**
     * Saves the result of a check.
     *
     * @param due when the next check is
     * @return false if another server has taken over since; nothing was saved then
     */
    boolean save(String holder, CheckResult result, Snapshot next, List<Event> events, Instant due) {
        String domain = result.domain().ascii();
        return database.transaction(connection -> {
            if (update(connection, "UPDATE own_domain SET checked = ?, due = ?, leased = 0 WHERE domain = ? AND holder = ?",
                    result.time().toEpochMilli(), due.toEpochMilli(), domain, holder) == 0) {
                return false;
            }
            update(connection, "DELETE FROM own_item WHERE domain = ?", domain);
            for (Map.Entry<Item, Value> each : next.items().entrySet()) {
                update(connection, "INSERT INTO own_item (domain, part, host, text, since) VALUES (?, ?, ?, ?, ?)", domain,
                    each.getKey().part().wireName(), each.getKey().host(), each.getValue().text(), each.getValue().since().toEpochMilli());
            }
            update(connection, "DELETE FROM own_finding WHERE domain = ?", domain);
            int place = 0;
            for (Line line : result.lines()) {
                update(connection, "INSERT INTO own_finding (domain, place, severity, code, subject, text, remedy) "
                    + "VALUES (?, ?, ?, ?, ?, ?, ?)", domain, place++, line.severity().wireName(), line.code(), line.subject(), line.text(),
                    line.remedy());
            }
            for (Event event : events) {
                update(connection, "INSERT INTO own_event (domain, time, kind, host, text) VALUES (?, ?, ?, ?, ?)", domain,
                    event.time().toEpochMilli(), event.kind().wireName(), event.host().map(DomainName::ascii).orElse(""), event.text());
            }
            update(connection, "DELETE FROM own_event WHERE domain = ? AND time < ?", domain,
                result.time().minus(KEPT).toEpochMilli());
            return true;
        });
    }

    /** Gives a claim back after a check that failed; it is due again then. */
    void giveBack(DomainName domain, String holder, Instant due) {
        database.transaction(connection -> update(connection, "UPDATE own_domain SET due = ?, leased = 0 WHERE domain = ? AND holder = ?",
            due.toEpochMilli(), domain.ascii(), holder));
    }

    /** The findings of the last check of each of these domains; of one that was not checked yet, none. */
    public List<CheckResult> results(List<DomainName> domains) {
        return database.transaction(connection -> {
            List<CheckResult> results = new ArrayList<>();
            for (DomainName domain : domains) {
                List<Instant> checked = new ArrayList<>();
                read(connection, "SELECT checked FROM own_domain WHERE domain = ? AND checked > 0", row ->
                    checked.add(Instant.ofEpochMilli(row.getLong(1))), domain.ascii());
                if (!checked.isEmpty()) {
                    List<Line> lines = new ArrayList<>();
                    read(connection, "SELECT severity, code, subject, text, remedy FROM own_finding WHERE domain = ? ORDER BY place", row ->
                        lines.add(new Line(Severity.valueOf(row.getString(1).toUpperCase(Locale.ROOT)), row.getString(2), row.getString(3),
                            row.getString(4), row.getString(5))), domain.ascii());
                    results.add(new CheckResult(domain, checked.getFirst(), lines,
                        lines.stream().noneMatch(line -> line.code().equals("no-record"))));
                }
            }
            return results;
        });
    }

    /** As {@link OwnDomainEvents.Source#events}. */
    public List<Event> events(DomainName domain, Instant from, Instant until) {
        return database.transaction(connection -> {
            List<Event> events = new ArrayList<>();
            read(connection, "SELECT time, kind, host, text FROM own_event WHERE domain = ? AND time >= ? AND time < ? "
                + "ORDER BY time DESC, id DESC LIMIT " + OwnDomainEvents.MAX_EVENTS, row -> {
                    Instant time = Instant.ofEpochMilli(row.getLong(1));
                    String host = row.getString(3);
                    String text = row.getString(4);
                    Kind.ofWireName(row.getString(2)).ifPresent(kind ->
                        events.addFirst(new Event(domain, time, kind, host.isEmpty() ? Optional.empty() : DomainName.parse(host), text)));
                }, domain.ascii(), from.toEpochMilli(), until.toEpochMilli());
            return events;
        });
    }

    /** Takes one row. */
    @FunctionalInterface
    private interface Row {
        void take(ResultSet row) throws SQLException;
    }

    private static void read(Connection connection, String sql, Row row, Object... values) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                query.setObject(i + 1, values[i]);
            }
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    row.take(rows);
                }
            }
        }
    }

    private static int update(Connection connection, String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            return statement.executeUpdate();
        }
    }
}
