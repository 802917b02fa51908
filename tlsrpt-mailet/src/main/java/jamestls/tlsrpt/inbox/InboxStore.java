package jamestls.tlsrpt.inbox;

import jamestls.dns.DomainName;
import jamestls.net.SanitizedLogger;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.storage.Migrations;
import jamestls.tlsrpt.inbox.ReceivedReport.Sender;
import jamestls.tlsrpt.inbox.ReceivedReport.Trust;
import jamestls.tlsrpt.store.JdbcValues;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Stores received reports, for one server or several on one PostgreSQL. Counts are added up by day when a report comes; the report itself
 * is kept for some weeks, so that copies of it are recognized and a corrected one replaces it. All methods may throw
 * {@code StorageOutage}.
 */
public final class InboxStore implements AutoCloseable {

    /** Days that a report is kept for; reports about earlier days are not counted, because a copy could not be recognized. */
    public static final int REPORT_DAYS = 60;

    private static final String COUNTS = "sts_ok BIGINT NOT NULL, sts_failed BIGINT NOT NULL, tlsa_ok BIGINT NOT NULL, "
        + "tlsa_failed BIGINT NOT NULL, none_ok BIGINT NOT NULL, none_failed BIGINT NOT NULL, sessions BIGINT NOT NULL, "
        + "failed BIGINT NOT NULL, reports BIGINT NOT NULL";

    /**
     * The tables. Days are days since 1970, instants milliseconds since 1970; {@code trust} is 1 for verified senders.
     *
     * <ul>
     * <li>{@code tlsinbox_report}: each report, with its policies and failures in {@code elements}</li>
     * <li>{@code tlsinbox_count}, {@code tlsinbox_cause}: sums by domain, day and sender</li>
     * <li>{@code tlsinbox_pending}: domains and days for which alarms are to be looked for</li>
     * <li>{@code tlsinbox_alarm}: alarms, one for each cause and day; {@code sent} is 1 when the mail was handed to James</li>
     * <li>{@code tlsinbox_quota}: reports stored on a day, by sender</li>
     * </ul>
     */
    public static final Migrations MIGRATIONS = new Migrations("tlsinbox", List.of(List.of(
        "CREATE TABLE tlsinbox_report (submitter TEXT NOT NULL, trust INTEGER NOT NULL, id_hash ${bytes} NOT NULL, "
            + "report_id TEXT NOT NULL, domain TEXT NOT NULL, day BIGINT NOT NULL, started BIGINT NOT NULL, ended BIGINT NOT NULL, "
            + "received BIGINT NOT NULL, content ${bytes} NOT NULL, organization TEXT NOT NULL, contact TEXT NOT NULL, "
            + "notes TEXT NOT NULL, sessions BIGINT NOT NULL, failed BIGINT NOT NULL, elements ${bytes} NOT NULL, "
            + "PRIMARY KEY (submitter, trust, id_hash))",
        "CREATE INDEX tlsinbox_report_day ON tlsinbox_report (day)",
        "CREATE INDEX tlsinbox_report_domain ON tlsinbox_report (domain, received)",
        "CREATE INDEX tlsinbox_report_received ON tlsinbox_report (received)",
        "CREATE TABLE tlsinbox_count (domain TEXT NOT NULL, day BIGINT NOT NULL, trust INTEGER NOT NULL, submitter TEXT NOT NULL, " + COUNTS
            + ", PRIMARY KEY (domain, day, trust, submitter)) ${clustered}",
        "CREATE INDEX tlsinbox_count_day ON tlsinbox_count (day)",
        "CREATE TABLE tlsinbox_cause (domain TEXT NOT NULL, day BIGINT NOT NULL, trust INTEGER NOT NULL, submitter TEXT NOT NULL, "
            + "type TEXT NOT NULL, mx_host TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (domain, day, trust, submitter, type, mx_host)) "
            + "${clustered}",
        "CREATE INDEX tlsinbox_cause_day ON tlsinbox_cause (day)",
        "CREATE TABLE tlsinbox_pending (domain TEXT NOT NULL, day BIGINT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (domain, day))",
        "CREATE TABLE tlsinbox_alarm (day BIGINT NOT NULL, cause ${bytes} NOT NULL, domain TEXT NOT NULL, direction TEXT NOT NULL, "
            + "at BIGINT NOT NULL, text TEXT NOT NULL, leased BIGINT NOT NULL, sent INTEGER NOT NULL, PRIMARY KEY (day, cause))",
        "CREATE INDEX tlsinbox_alarm_unsent ON tlsinbox_alarm (at) WHERE sent = 0",
        "CREATE TABLE tlsinbox_quota (day BIGINT NOT NULL, name TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (day, name))")));

    private static final String ADD_COUNT = "INSERT INTO tlsinbox_count (domain, day, trust, submitter, sts_ok, sts_failed, tlsa_ok, "
        + "tlsa_failed, none_ok, none_failed, sessions, failed, reports) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        + "ON CONFLICT (domain, day, trust, submitter) DO UPDATE SET "
        + Stream.of("sts_ok", "sts_failed", "tlsa_ok", "tlsa_failed", "none_ok", "none_failed", "sessions", "failed", "reports")
            .map(column -> column + " = tlsinbox_count." + column + " + excluded." + column).collect(Collectors.joining(", "));
    private static final String ADD_CAUSE = "INSERT INTO tlsinbox_cause (domain, day, trust, submitter, type, mx_host, n) "
        + "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (domain, day, trust, submitter, type, mx_host) DO UPDATE SET "
        + "n = tlsinbox_cause.n + excluded.n";
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(InboxStore.class);

    private final Database database;
    private final Limits limits;
    private final Optional<Path> temporary;

    /**
     * How many reports are stored on one UTC day.
     *
     * @param ofSubmitter of one verified sender
     * @param verified of all verified senders
     * @param unverified of all others
     */
    public record Limits(long ofSubmitter, long verified, long unverified) {

        public static final Limits DEFAULT = new Limits(20_000, 100_000, 2_000);
    }

    /** What became of a report. */
    public enum Added {
        NEW,
        /** It has been counted before. */
        DUPLICATE,
        /** It replaces another content under the same report-id. */
        CORRECTED,
        /** The daily limit is reached. */
        OVER_LIMIT
    }

    /** @param database with {@link #MIGRATIONS}; closed by {@link #close} */
    public InboxStore(Database database, Limits limits) {
        this(database, limits, Optional.empty());
    }

    private InboxStore(Database database, Limits limits, Optional<Path> temporary) {
        this.database = database;
        this.limits = limits;
        this.temporary = temporary;
    }

    /** @param address empty for a temporary file, which {@link #close} deletes */
    public static InboxStore open(Optional<DatabaseAddress> address, Limits limits, Clock clock) {
        if (address.isPresent()) {
            return new InboxStore(Database.open(address.get(), List.of(MIGRATIONS), clock), limits);
        }
        try {
            Path directory = Files.createTempDirectory("tlsinbox");
            return new InboxStore(Database.open(new DatabaseAddress.SqliteFile(directory.resolve("tlsinbox.sqlite")), List.of(MIGRATIONS),
                clock), limits, Optional.of(directory));
        } catch (IOException e) {
            throw new UncheckedIOException("no temporary file can be made", e);
        }
    }

    public Database database() {
        return database;
    }

    /** Adds a report to the counts of its day, once. */
    public Added add(ReceivedReport report, Instant now) {
        byte[] elements = StoredElements.encode(report.elements());
        return database.transaction(connection -> add(connection, report, elements, now));
    }

    private Added add(Connection connection, ReceivedReport report, byte[] elements, Instant now) throws SQLException {
        Key key = Key.of(report);
        long today = now.atZone(ZoneOffset.UTC).toLocalDate().toEpochDay();
        Optional<Stored> old = lock(connection, key);
        if (isCopy(old, report)) {
            return Added.DUPLICATE;
        }
        if (isOverLimit(connection, report.sender(), today)) {
            return Added.OVER_LIMIT;
        }
        if (old.isEmpty() && !insert(connection, key, report)) {
            // another server was faster
            old = lock(connection, key);
            if (isCopy(old, report)) {
                return Added.DUPLICATE;
            }
        }
        if (old.isPresent()) {
            addUp(connection, key, old.get().day, DomainSums.of(StoredElements.decode(old.get().elements)), -1);
        }
        long day = report.head().day().toEpochDay();
        SortedMap<DomainName, DomainSums> sums = DomainSums.of(report.elements());
        fill(connection, key, report, elements, now);
        addUp(connection, key, day, sums, 1);
        if (report.sender().trust() == Trust.VERIFIED) {
            markPending(connection, day, sums);
        }
        countQuota(connection, report.sender(), today);
        return old.isPresent() ? Added.CORRECTED : Added.NEW;
    }

    /** Primary key of a report: copies and corrections have the same. */
    private record Key(String submitter, int trust, byte[] idHash) {

        static Key of(ReceivedReport report) {
            return new Key(report.sender().submitter().ascii(), report.sender().trust().ordinal(),
                JdbcValues.hash(report.head().reportId()));
        }

        void set(PreparedStatement statement, int first) throws SQLException {
            JdbcValues.set(statement, first, submitter, trust, idHash);
        }
    }

    private record Stored(byte[] content, long day, byte[] elements) {
    }

    private static boolean isCopy(Optional<Stored> old, ReceivedReport report) {
        return old.isPresent() && Arrays.equals(old.get().content, report.content());
    }

    private static Optional<Stored> lock(Connection connection, Key key) throws SQLException {
        // without change, for the lock of the row
        try (PreparedStatement lock = connection.prepareStatement(
                 "UPDATE tlsinbox_report SET day = day WHERE submitter = ? AND trust = ? AND id_hash = ?")) {
            key.set(lock, 1);
            if (lock.executeUpdate() == 0) {
                return Optional.empty();
            }
        }
        try (PreparedStatement query = connection.prepareStatement(
                 "SELECT content, day, elements FROM tlsinbox_report WHERE submitter = ? AND trust = ? AND id_hash = ?")) {
            key.set(query, 1);
            try (ResultSet answer = query.executeQuery()) {
                return answer.next() ? Optional.of(new Stored(answer.getBytes(1), answer.getLong(2), answer.getBytes(3)))
                    : Optional.empty();
            }
        }
    }

    /** Inserts the row with its key only. @return false if there is one */
    private static boolean insert(Connection connection, Key key, ReceivedReport report) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO tlsinbox_report (submitter, trust, id_hash, report_id, "
                 + "domain, day, started, ended, received, content, organization, contact, notes, sessions, failed, elements) "
                 + "VALUES (?, ?, ?, ?, '', 0, 0, 0, 0, ?, '', '', '', 0, 0, ?) ON CONFLICT (submitter, trust, id_hash) DO NOTHING")) {
            key.set(insert, 1);
            JdbcValues.set(insert, 4, report.head().reportId(), new byte[0], new byte[0]);
            return insert.executeUpdate() == 1;
        }
    }

    private static void fill(Connection connection, Key key, ReceivedReport report, byte[] elements, Instant now) throws SQLException {
        SortedMap<DomainName, DomainSums> sums = DomainSums.of(report.elements());
        try (PreparedStatement update = connection.prepareStatement("UPDATE tlsinbox_report SET domain = ?, day = ?, started = ?, "
                 + "ended = ?, received = ?, content = ?, organization = ?, contact = ?, notes = ?, sessions = ?, failed = ?, elements = ? "
                 + "WHERE submitter = ? AND trust = ? AND id_hash = ?")) {
            JdbcValues.set(update, 1, sums.firstKey().ascii(), report.head().day().toEpochDay(), report.head().start().toEpochMilli(),
                report.head().end().toEpochMilli(), now.toEpochMilli(), report.content(), report.head().organization(),
                report.head().contact(), String.join("\n", report.notes()), sums.values().stream().mapToLong(DomainSums::sessions).sum(),
                sums.values().stream().mapToLong(DomainSums::failed).sum(), elements);
            key.set(update, 13);
            update.executeUpdate();
        }
    }

    /** @param sign 1 to add, -1 to subtract */
    private static void addUp(Connection connection, Key key, long day, SortedMap<DomainName, DomainSums> sums, long sign)
            throws SQLException {
        // sorted, because concurrent transactions that update rows in different orders can deadlock
        try (PreparedStatement counts = connection.prepareStatement(ADD_COUNT);
             PreparedStatement causes = connection.prepareStatement(ADD_CAUSE)) {
            for (Map.Entry<DomainName, DomainSums> each : sums.entrySet()) {
                DomainSums own = each.getValue();
                JdbcValues.set(counts, 1, each.getKey().ascii(), day, key.trust, key.submitter,
                    sign * own.successes(PolicyType.STS), sign * own.failures(PolicyType.STS),
                    sign * own.successes(PolicyType.TLSA), sign * own.failures(PolicyType.TLSA),
                    sign * own.successes(PolicyType.NO_POLICY_FOUND), sign * own.failures(PolicyType.NO_POLICY_FOUND),
                    sign * own.sessions(), sign * own.failed(), sign);
                counts.addBatch();
                for (Map.Entry<DomainSums.Cause, Long> cause : own.causes().entrySet()) {
                    JdbcValues.set(causes, 1, each.getKey().ascii(), day, key.trust, key.submitter, cause.getKey().type(),
                        cause.getKey().mxHost(), sign * cause.getValue());
                    causes.addBatch();
                }
            }
            counts.executeBatch();
            causes.executeBatch();
        }
        if (sign < 0) {
            dropEmpty(connection, key, day, sums, "DELETE FROM tlsinbox_count WHERE reports <= 0");
            dropEmpty(connection, key, day, sums, "DELETE FROM tlsinbox_cause WHERE n <= 0");
        }
    }

    private static void dropEmpty(Connection connection, Key key, long day, SortedMap<DomainName, DomainSums> sums, String delete)
            throws SQLException {
        try (PreparedStatement statement =
                 connection.prepareStatement(delete + " AND domain = ? AND day = ? AND trust = ? AND submitter = ?")) {
            for (DomainName domain : sums.keySet()) {
                JdbcValues.set(statement, 1, domain.ascii(), day, key.trust, key.submitter);
                statement.executeUpdate();
            }
        }
    }

    private static void markPending(Connection connection, long day, SortedMap<DomainName, DomainSums> sums) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO tlsinbox_pending (domain, day, n) VALUES (?, ?, 1) "
                 + "ON CONFLICT (domain, day) DO UPDATE SET n = tlsinbox_pending.n + 1")) {
            for (Map.Entry<DomainName, DomainSums> each : sums.entrySet()) {
                if (each.getValue().failed() > 0) {
                    JdbcValues.set(insert, 1, each.getKey().ascii(), day);
                    insert.executeUpdate();
                }
            }
        }
    }

    private boolean isOverLimit(Connection connection, Sender sender, long today) throws SQLException {
        for (Map.Entry<String, Long> each : quotas(sender).entrySet()) {
            try (PreparedStatement query = connection.prepareStatement("SELECT n FROM tlsinbox_quota WHERE day = ? AND name = ?")) {
                JdbcValues.set(query, 1, today, each.getKey());
                try (ResultSet answer = query.executeQuery()) {
                    if (answer.next() && answer.getLong(1) >= each.getValue()) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private void countQuota(Connection connection, Sender sender, long today) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO tlsinbox_quota (day, name, n) VALUES (?, ?, 1) "
                 + "ON CONFLICT (day, name) DO UPDATE SET n = tlsinbox_quota.n + 1")) {
            for (String name : quotas(sender).keySet()) {
                JdbcValues.set(insert, 1, today, name);
                insert.executeUpdate();
            }
        }
    }

    /** Limits by name of the counter, sorted. */
    private SortedMap<String, Long> quotas(Sender sender) {
        return sender.trust() == Trust.UNVERIFIED ? new TreeMap<>(Map.of("-", limits.unverified))
            : new TreeMap<>(Map.of("+", limits.verified, sender.submitter().ascii(), limits.ofSubmitter));
    }

    /**
     * Deletes what is too old: counts and alarms of days before {@code firstKept}, reports that are older than {@link #REPORT_DAYS}.
     *
     * @param today the current UTC day
     */
    public void forget(LocalDate firstKept, LocalDate today) {
        long day = firstKept.toEpochDay();
        delete("tlsinbox_report", Math.max(day, today.minusDays(REPORT_DAYS).toEpochDay()));
        delete("tlsinbox_quota", today.minusDays(1).toEpochDay());
        List.of("tlsinbox_count", "tlsinbox_cause", "tlsinbox_pending", "tlsinbox_alarm").forEach(table -> delete(table, day));
    }

    private void delete(String table, long firstKept) {
        database.transaction(connection -> {
            try (PreparedStatement delete = connection.prepareStatement("DELETE FROM " + table + " WHERE day < ?")) {
                JdbcValues.set(delete, 1, firstKept);
                return delete.executeUpdate();
            }
        });
    }

    @Override
    public void close() {
        database.close();
        temporary.ifPresent(InboxStore::delete);
    }

    private static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            LOGGER.warn("tlsinbox: the temporary directory {} could not be deleted: {}", directory, e.getMessage());
        }
    }
}
