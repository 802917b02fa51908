package jamestls.tlsrpt.inbox;

import jamestls.dns.DomainName;
import jamestls.storage.Database;
import jamestls.tlsrpt.inbox.ReceivedReport.Trust;
import jamestls.tlsrpt.store.JdbcValues;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads what was received, for commands, pages and alarms; changes nothing. Every result is bounded. Submitters of unverified reports and
 * the texts of all reports are what strangers claim: printable ASCII, to be escaped where they are shown.
 */
public final class InboxView {

    /** Maximum number of lines of a result. */
    public static final int MAX_LINES = 10_000;

    private static final String SUMS = "SUM(sessions), SUM(failed), SUM(sts_ok), SUM(sts_failed), SUM(tlsa_ok), SUM(tlsa_failed), "
        + "SUM(none_ok), SUM(none_failed), SUM(reports), COUNT(DISTINCT submitter)";

    private final Database database;

    /** @param database with the tables of {@link InboxStore} */
    public InboxView(Database database) {
        this.database = database;
    }

    /**
     * Selects counts.
     *
     * @param domain empty for all domains
     * @param first first UTC day
     * @param last last UTC day
     */
    public record Selection(Optional<DomainName> domain, Trust trust, LocalDate first, LocalDate last) {

        private String where() {
            return (domain.isPresent() ? "domain = ? AND " : "") + "day >= ? AND day <= ? AND trust = ?";
        }

        /** @return the number of the next parameter */
        private int set(PreparedStatement query) throws SQLException {
            int next = 1;
            if (domain.isPresent()) {
                JdbcValues.set(query, next++, domain.get().ascii());
            }
            JdbcValues.set(query, next, first.toEpochDay(), last.toEpochDay(), trust.ordinal());
            return next + 3;
        }
    }

    /** Successful and failed sessions. */
    public record Sessions(long successes, long failures) {
    }

    /**
     * Sums of reports. Policies of type {@code tlsa} cover the same sessions as the others: only {@code sessions} and {@code failed} count
     * every session once.
     *
     * @param failed those of all sessions that did not meet a policy
     * @param reporters number of senders
     */
    public record Sums(long sessions, long failed, Sessions sts, Sessions tlsa, Sessions noPolicy, long reports, long reporters) {

        private static Sums of(ResultSet row, int first) throws SQLException {
            return new Sums(row.getLong(first), row.getLong(first + 1), new Sessions(row.getLong(first + 2), row.getLong(first + 3)),
                new Sessions(row.getLong(first + 4), row.getLong(first + 5)), new Sessions(row.getLong(first + 6), row.getLong(first + 7)),
                row.getLong(first + 8), row.getLong(first + 9));
        }
    }

    /** Sums of a UTC day. */
    public record OfDay(LocalDate day, Sums sums) {
    }

    /** Sums of a domain of ours, or of the name of an MX host that has reports of its own. */
    public record OfDomain(DomainName domain, Sums sums) {
    }

    /** Sums of a sender. */
    public record OfReporter(DomainName submitter, Sums sums) {
    }

    /**
     * Failed sessions of one cause.
     *
     * @param mxHost empty if the reports name none
     * @param first first day of the selection with that cause
     */
    public record OfCause(String type, String mxHost, long failures, long reporters, LocalDate first, LocalDate last) {
    }

    /**
     * One report.
     *
     * @param domain the first of our domains that it is about
     */
    public record Line(Instant received, Origin origin, DomainName domain, LocalDate day, long sessions, long failed, List<String> notes) {
    }

    /** Who sent a report, and what it calls itself. */
    public record Origin(Trust trust, DomainName submitter, String reportId, String organization, String contact) {
    }

    /** One row of a result set. */
    @FunctionalInterface
    private interface RowReader<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** Sums by day, oldest first. */
    public List<OfDay> byDay(Selection selection) {
        return lines("SELECT day, " + SUMS + " FROM tlsinbox_count WHERE " + selection.where() + " GROUP BY day ORDER BY day LIMIT ?",
            selection, MAX_LINES, row -> new OfDay(LocalDate.ofEpochDay(row.getLong(1)), Sums.of(row, 2)));
    }

    /** Sums by sender, those with most failures first. */
    public List<OfReporter> byReporter(Selection selection, int limit) {
        return lines("SELECT submitter, " + SUMS + " FROM tlsinbox_count WHERE " + selection.where()
                + " GROUP BY submitter ORDER BY SUM(failed) DESC, SUM(sessions) DESC, submitter LIMIT ?", selection, limit,
            row -> new OfReporter(new DomainName(row.getString(1)), Sums.of(row, 2)));
    }

    /** Failures by cause, the most frequent first. */
    public List<OfCause> byCause(Selection selection, int limit) {
        return lines("SELECT type, mx_host, SUM(n), COUNT(DISTINCT submitter), MIN(day), MAX(day) FROM tlsinbox_cause WHERE "
                + selection.where() + " GROUP BY type, mx_host ORDER BY SUM(n) DESC, type, mx_host LIMIT ?", selection, limit,
            row -> new OfCause(row.getString(1), row.getString(2), row.getLong(3), row.getLong(4), LocalDate.ofEpochDay(row.getLong(5)),
                LocalDate.ofEpochDay(row.getLong(6))));
    }

    /**
     * A page of domains in the order of their names.
     *
     * @param after the last domain of the page before; empty for the first page
     */
    public List<OfDomain> byDomain(Trust trust, LocalDate first, LocalDate last, Optional<DomainName> after, int limit) {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement("SELECT domain, " + SUMS + " FROM tlsinbox_count WHERE domain > ? "
                     + "AND day >= ? AND day <= ? AND trust = ? GROUP BY domain ORDER BY domain LIMIT ?")) {
                JdbcValues.set(query, 1, after.map(DomainName::ascii).orElse(""), first.toEpochDay(), last.toEpochDay(), trust.ordinal(),
                    bounded(limit));
                return read(query, row -> new OfDomain(new DomainName(row.getString(1)), Sums.of(row, 2)));
            }
        });
    }

    /**
     * Single reports, the last received first; they are kept for {@link InboxStore#REPORT_DAYS} days.
     *
     * @param domain empty for all domains
     * @param day only those about that day
     */
    public List<Line> reports(Optional<DomainName> domain, Optional<LocalDate> day, int limit) {
        return database.transaction(connection -> {
            // only the conditions that are needed, so that the index of the order is used
            try (PreparedStatement query = connection.prepareStatement("SELECT received, trust, submitter, domain, day, report_id, "
                     + "organization, contact, sessions, failed, notes FROM tlsinbox_report WHERE 1 = 1"
                     + (domain.isPresent() ? " AND domain = ?" : "") + (day.isPresent() ? " AND day = ?" : "")
                     + " ORDER BY received DESC LIMIT ?")) {
                int next = 1;
                if (domain.isPresent()) {
                    JdbcValues.set(query, next++, domain.get().ascii());
                }
                if (day.isPresent()) {
                    JdbcValues.set(query, next++, day.get().toEpochDay());
                }
                JdbcValues.set(query, next, bounded(limit));
                return read(query, InboxView::line);
            }
        });
    }

    private static Line line(ResultSet row) throws SQLException {
        Origin origin = new Origin(Trust.values()[row.getInt(2)], new DomainName(row.getString(3)), row.getString(6), row.getString(7),
            row.getString(8));
        return new Line(Instant.ofEpochMilli(row.getLong(1)), origin, new DomainName(row.getString(4)),
            LocalDate.ofEpochDay(row.getLong(5)), row.getLong(9), row.getLong(10), row.getString(11).lines().toList());
    }

    private <T> List<T> lines(String sql, Selection selection, int limit, RowReader<T> reader) {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement(sql)) {
                JdbcValues.set(query, selection.set(query), bounded(limit));
                return read(query, reader);
            }
        });
    }

    private static int bounded(int limit) {
        return Math.clamp(limit, 1, MAX_LINES);
    }

    private static <T> List<T> read(PreparedStatement query, RowReader<T> reader) throws SQLException {
        List<T> rows = new ArrayList<>();
        try (ResultSet answer = query.executeQuery()) {
            while (answer.next()) {
                rows.add(reader.read(answer));
            }
        }
        return rows;
    }
}
