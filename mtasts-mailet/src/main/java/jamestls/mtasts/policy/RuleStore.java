package jamestls.mtasts.policy;

import jamestls.mtasts.policy.Rule.Destination;
import jamestls.storage.Database;
import jamestls.storage.Migrations;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The table of rules that commands and routes have set: one row per destination, with the rule as a line of the grammar. The row of a
 * removed rule stays for a month without its line, so that all servers can log who removed it. Times are milliseconds since 1970.
 */
final class RuleStore {

    /** The table, to be passed when a {@link Database} is opened for rules. */
    static final Migrations TABLES = new Migrations("rule", List.of(List.of(
        "CREATE TABLE rule_destination (destination TEXT PRIMARY KEY, created BIGINT NOT NULL, rule TEXT, changed BIGINT NOT NULL, "
            + "changed_by TEXT NOT NULL)")));

    private static final Duration REMEMBERED = Duration.ofDays(30);

    private final Database database;

    /** @param database opened with {@link #TABLES}; the caller closes it */
    RuleStore(Database database) {
        this.database = database;
    }

    /**
     * A row.
     *
     * @param line the rule; empty if it was removed
     * @param changed the time at which the line was set or removed
     * @param who the author of that change
     */
    record Row(String destination, Optional<String> line, Instant changed, String who) {
    }

    /** All rows in the order in which their destinations were first set; at most one more than the bound, so that the caller sees it. */
    List<Row> rows() {
        return database.transaction(RuleStore::rows);
    }

    /** Replaces the rule for the same destination, or appends a new one. {@code check} throws if the present rows forbid it. */
    void put(Rule rule, String who, Instant now, Consumer<List<Row>> check) {
        database.transaction(connection -> {
            update(connection, "DELETE FROM rule_destination WHERE rule IS NULL AND changed < ?", now.minus(REMEMBERED).toEpochMilli());
            check.accept(rows(connection));
            return update(connection, "INSERT INTO rule_destination AS old (destination, created, rule, changed, changed_by) "
                + "VALUES (?, ?, ?, ?, ?) ON CONFLICT (destination) DO UPDATE SET "
                + "created = CASE WHEN old.rule IS NULL THEN excluded.created ELSE old.created END, "
                + "rule = excluded.rule, changed = excluded.changed, changed_by = excluded.changed_by",
                rule.destination().toString(), now.toEpochMilli(), rule.toString(), now.toEpochMilli(), who);
        });
    }

    /** Removes a rule; returns whether there was one. */
    boolean remove(Destination destination, String who, Instant now) {
        return database.transaction(connection -> update(connection,
            "UPDATE rule_destination SET rule = NULL, changed = ?, changed_by = ? WHERE destination = ? AND rule IS NOT NULL",
            now.toEpochMilli(), who, destination.toString())) == 1;
    }

    private static List<Row> rows(Connection connection) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("SELECT destination, rule, changed, changed_by FROM rule_destination "
                + "ORDER BY CASE WHEN rule IS NULL THEN 1 ELSE 0 END, created, destination LIMIT " + (2 * RuleGrammar.MAX_RULES));
             ResultSet row = query.executeQuery()) {
            List<Row> rows = new ArrayList<>();
            while (row.next()) {
                rows.add(new Row(row.getString(1), Optional.ofNullable(row.getString(2)), Instant.ofEpochMilli(row.getLong(3)),
                    row.getString(4)));
            }
            return rows;
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
