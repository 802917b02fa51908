package jamestls.tlsrpt.store;

import jamestls.dns.DomainName;
import jamestls.storage.Database;
import jamestls.storage.Migrations;
import jamestls.tlsrpt.store.DestinationStore.Suppressed;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Limits and suppressions in a {@link Database}. Days are days since 1970, instants milliseconds since 1970. */
public final class SqlDestinationStore implements DestinationStore {

    /** The tables, for {@code Database.open}: suppressed addresses, reports per host and day, shares of policy domains, and the secret. */
    public static final Migrations MIGRATIONS = new Migrations("tlsdest", List.of(List.of(
        "CREATE TABLE tlsdest_left_alone (address TEXT PRIMARY KEY, until BIGINT NOT NULL, why TEXT NOT NULL)",
        "CREATE TABLE tlsdest_host_day (day BIGINT NOT NULL, host TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (day, host))",
        "CREATE TABLE tlsdest_secret (name TEXT PRIMARY KEY, octets ${bytes} NOT NULL)"), List.of(
        "CREATE TABLE tlsdest_share (host TEXT NOT NULL, domain TEXT NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL, "
            + "waits_until BIGINT NOT NULL, PRIMARY KEY (host, domain))")));

    static final int SECRET_OCTETS = 32;
    private static final int MAX_ADDRESSES = 100_000;
    private static final int MAX_HOSTS = 1_000_000;
    private static final int MAX_SHARES = 1_000_000;
    /** Named after its first use; now the only secret, for all purposes. */
    private static final String SECRET_NAME = "mail-ids";

    private final Database database;

    public SqlDestinationStore(Database database) {
        this.database = database;
    }

    @Override
    public List<Suppressed> suppressed(Instant now) {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement(
                     "SELECT address, until, why FROM tlsdest_left_alone WHERE until > ? ORDER BY until DESC, address LIMIT ?")) {
                JdbcValues.set(query, 1, now.toEpochMilli(), MAX_ADDRESSES);
                List<Suppressed> all = new ArrayList<>();
                try (ResultSet answer = query.executeQuery()) {
                    while (answer.next()) {
                        all.add(new Suppressed(answer.getString(1), Instant.ofEpochMilli(answer.getLong(2)), answer.getString(3)));
                    }
                }
                return all;
            }
        });
    }

    @Override
    public void suppress(Suppressed entry) {
        database.transaction(connection -> {
            try (PreparedStatement insert = connection.prepareStatement(
                     "INSERT INTO tlsdest_left_alone (address, until, why) VALUES (?, ?, ?) ON CONFLICT (address) DO UPDATE SET "
                         + "until = excluded.until, why = excluded.why WHERE excluded.until > tlsdest_left_alone.until "
                         + "OR tlsdest_left_alone.until > excluded.until + ?")) {
                JdbcValues.set(insert, 1, entry.address(), entry.until().toEpochMilli(), entry.why(),
                    Suppressed.MAX_AHEAD.toMillis());
                return insert.executeUpdate();
            }
        });
    }

    @Override
    public Map<DomainName, Long> reportsPerHost(LocalDate day) {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement(
                     "SELECT host, n FROM tlsdest_host_day WHERE day = ? ORDER BY n DESC LIMIT ?")) {
                JdbcValues.set(query, 1, day.toEpochDay(), MAX_HOSTS);
                Map<DomainName, Long> counts = new HashMap<>();
                try (ResultSet answer = query.executeQuery()) {
                    while (answer.next()) {
                        counts.put(new DomainName(answer.getString(1)), answer.getLong(2));
                    }
                }
                return counts;
            }
        });
    }

    @Override
    public Map<DomainName, Long> add(LocalDate day, Map<DomainName, Integer> more) {
        // sorted, because concurrent transactions that update rows in different orders can deadlock
        Map<DomainName, Integer> sorted = new TreeMap<>(more);
        return database.transaction(connection -> {
            try (PreparedStatement insert = connection.prepareStatement(
                     "INSERT INTO tlsdest_host_day (day, host, n) VALUES (?, ?, ?) ON CONFLICT (day, host) DO UPDATE SET "
                         + "n = tlsdest_host_day.n + excluded.n")) {
                for (Map.Entry<DomainName, Integer> each : sorted.entrySet()) {
                    JdbcValues.set(insert, 1, day.toEpochDay(), each.getKey().ascii(), each.getValue());
                    insert.addBatch();
                }
                insert.executeBatch();
            }
            return totals(connection, day, sorted);
        });
    }

    private static Map<DomainName, Long> totals(Connection connection, LocalDate day, Map<DomainName, Integer> hosts) throws SQLException {
        Map<DomainName, Long> totals = new HashMap<>();
        try (PreparedStatement query = connection.prepareStatement("SELECT n FROM tlsdest_host_day WHERE day = ? AND host = ?")) {
            for (DomainName host : hosts.keySet()) {
                JdbcValues.set(query, 1, day.toEpochDay(), host.ascii());
                try (ResultSet answer = query.executeQuery()) {
                    totals.put(host, answer.next() ? answer.getLong(1) : 0);
                }
            }
        }
        return totals;
    }

    @Override
    public List<Share> shares() {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement(
                     "SELECT host, domain, first, last, waits_until FROM tlsdest_share ORDER BY last DESC LIMIT ?")) {
                JdbcValues.set(query, 1, MAX_SHARES);
                List<Share> shares = new ArrayList<>();
                try (ResultSet answer = query.executeQuery()) {
                    while (answer.next()) {
                        shares.add(new Share(new DomainName(answer.getString(1)), new DomainName(answer.getString(2)),
                            Instant.ofEpochMilli(answer.getLong(3)), Instant.ofEpochMilli(answer.getLong(4)),
                            Instant.ofEpochMilli(answer.getLong(5))));
                    }
                }
                return shares;
            }
        });
    }

    @Override
    public void save(List<Share> shares) {
        // sorted, as in add
        List<Share> sorted = shares.stream().sorted(Comparator.comparing(Share::host).thenComparing(Share::domain)).toList();
        database.transaction(connection -> {
            try (PreparedStatement insert = connection.prepareStatement(
                     "INSERT INTO tlsdest_share (host, domain, first, last, waits_until) VALUES (?, ?, ?, ?, ?) "
                         + "ON CONFLICT (host, domain) DO UPDATE SET "
                         + "first = CASE WHEN tlsdest_share.first = 0 THEN excluded.first ELSE tlsdest_share.first END, "
                         + "last = CASE WHEN excluded.last > tlsdest_share.last THEN excluded.last ELSE tlsdest_share.last END, "
                         + "waits_until = excluded.waits_until")) {
                for (Share each : sorted) {
                    JdbcValues.set(insert, 1, each.host().ascii(), each.domain().ascii(), each.first().toEpochMilli(),
                        each.last().toEpochMilli(), each.waitsUntil().toEpochMilli());
                    insert.addBatch();
                }
                return insert.executeBatch();
            }
        });
    }

    @Override
    public void revokeAcceptance(DomainName host, DomainName domain) {
        database.transaction(connection -> {
            try (PreparedStatement update =
                     connection.prepareStatement("UPDATE tlsdest_share SET first = 0 WHERE host = ? AND domain = ?")) {
                JdbcValues.set(update, 1, host.ascii(), domain.ascii());
                return update.executeUpdate();
            }
        });
    }

    @Override
    public byte[] secret() {
        return database.transaction(SqlDestinationStore::secret);
    }

    /**
     * As {@link #secret()}, inside a transaction. Rows that depend on it must be written in the same transaction: a damaged file is
     * replaced at run time, and the new one has another secret.
     */
    static byte[] secret(Connection connection) throws SQLException {
        Optional<byte[]> known = knownSecret(connection);
        if (known.isPresent()) {
            return known.get();
        }
        byte[] fresh = new byte[SECRET_OCTETS];
        new SecureRandom().nextBytes(fresh);
        try (PreparedStatement insert = connection.prepareStatement(
                 "INSERT INTO tlsdest_secret (name, octets) VALUES (?, ?) ON CONFLICT (name) DO NOTHING")) {
            JdbcValues.set(insert, 1, SECRET_NAME, fresh);
            insert.executeUpdate();
        }
        // another server may have inserted it first
        return knownSecret(connection).orElseThrow(() -> new SQLException("the secret could not be stored"));
    }

    /** The secret if it exists; writes nothing. */
    static Optional<byte[]> knownSecret(Connection connection) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("SELECT octets FROM tlsdest_secret WHERE name = ?")) {
            JdbcValues.set(query, 1, SECRET_NAME);
            try (ResultSet answer = query.executeQuery()) {
                return answer.next() ? Optional.of(answer.getBytes(1)) : Optional.empty();
            }
        }
    }

    @Override
    public void forget(LocalDate firstKept) {
        database.transaction(connection -> {
            try (PreparedStatement hosts = connection.prepareStatement("DELETE FROM tlsdest_host_day WHERE day < ?");
                 PreparedStatement shares = connection.prepareStatement("DELETE FROM tlsdest_share WHERE last < ? AND waits_until < ?");
                 PreparedStatement addresses = connection.prepareStatement("DELETE FROM tlsdest_left_alone WHERE until < ?")) {
                long millis = firstKept.atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
                JdbcValues.set(hosts, 1, firstKept.toEpochDay());
                JdbcValues.set(addresses, 1, millis);
                JdbcValues.set(shares, 1, millis, millis);
                return hosts.executeUpdate() + shares.executeUpdate() + addresses.executeUpdate();
            }
        });
    }
}
