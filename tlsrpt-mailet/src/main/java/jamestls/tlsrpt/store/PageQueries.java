package jamestls.tlsrpt.store;

import jamestls.dns.DomainName;
import jamestls.page.PageContent.DomainLine;
import jamestls.storage.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The queries of the page about counts and reports. They only read. Except for the number of reports, their cost does not
 * grow with the number of domains of a day in SQLite. */
public final class PageQueries {

    private static final String[] TABLES = {"tlsrpt_domain", "tlsrpt_part"};
    /** A domain has a row for each part and identity. */
    private static final int ROWS_PER_DOMAIN = 4;
    /** Sorts behind all characters of names. */
    private static final String END = "\u007f";
    /** Sorts behind the blank before a reporting identity, and before all characters of names. */
    private static final String BEHIND_IDENTITIES = "!";

    private final Database database;
    /** The column, compared by octets whatever the locale of the database. */
    private final String domain;

    /** @param database with the tables of {@link Stores#MIGRATIONS}, best opened for reading only */
    public PageQueries(Database database) {
        this.database = database;
        this.domain = database.dialect() == Database.Dialect.POSTGRESQL ? "domain COLLATE \"C\"" : "domain";
    }

    /** Failures of one kind at one host. */
    public record Failures(LocalDate day, String type, String mxHost, String reason, long sessions) {
    }

    /**
     * The domains whose names begin with a prefix, in alphabetical order, with the sums of all kept days.
     *
     * @param after the last name of the page before; empty at first
     */
    public List<DomainLine> domains(String prefix, String after, int limit) {
        String first = after.compareTo(prefix) < 0 ? prefix : after + BEHIND_IDENTITIES;
        return database.transaction(connection -> {
            TreeMap<String, long[]> found = new TreeMap<>();
            // a list that was cut says nothing about the names behind its end
            String end = prefix + END;
            for (long day : days(connection)) {
                for (String table : TABLES) {
                    end = min(end, range(connection, table, day, first, prefix + END, limit * ROWS_PER_DOMAIN, found));
                }
            }
            List<DomainLine> lines = new ArrayList<>();
            for (var each : found.entrySet()) {
                if (lines.size() < limit && each.getKey().compareTo(end) <= 0) {
                    lines.add(new DomainLine(each.getKey(), each.getValue()[0], each.getValue()[1]));
                }
            }
            return lines;
        });
    }

    private static String min(String a, String b) {
        return a.compareTo(b) <= 0 ? a : b;
    }

    private static List<Long> days(Connection connection) throws SQLException {
        List<Long> days = new ArrayList<>();
        for (String table : TABLES) {
            Long day = next(connection, table, -1L);
            while (day != null) {
                if (!days.contains(day)) {
                    days.add(day);
                }
                day = next(connection, table, day);
            }
        }
        return days;
    }

    /** The next day; found in the key, without a look at the rows of a day. */
    private static Long next(Connection connection, String table, long day) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("SELECT MIN(day) FROM " + table + " WHERE day > ?")) {
            query.setLong(1, day);
            try (ResultSet answer = query.executeQuery()) {
                answer.next();
                long found = answer.getLong(1);
                return answer.wasNull() ? null : found;
            }
        }
    }

    /** @return the last name if the list was cut, else a text behind all names */
    private String range(Connection connection, String table, long day, String first, String end, int limit,
                         Map<String, long[]> found) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("SELECT domain, SUM(sessions), SUM(failed) FROM " + table
                 + " WHERE day = ? AND " + domain + " >= ? AND " + domain + " < ? GROUP BY domain ORDER BY " + domain + " LIMIT ?")) {
            JdbcValues.set(query, 1, day, first, end, limit);
            int rows = 0;
            String last = end;
            try (ResultSet answer = query.executeQuery()) {
                while (answer.next()) {
                    last = answer.getString(1);
                    long[] sums = found.computeIfAbsent(TallyKey.of(LocalDate.EPOCH, last).domain().ascii(), any -> new long[2]);
                    sums[0] += answer.getLong(2);
                    sums[1] += answer.getLong(3);
                    rows++;
                }
            }
            return rows < limit ? end : last;
        }
    }

    /** The domains with most failed sessions on one day, at most {@code limit}, found among the parts with most failed sessions. */
    public List<DomainLine> mostFailures(LocalDate day, int limit) {
        return database.transaction(connection -> {
            Map<String, long[]> sums = new LinkedHashMap<>();
            for (String table : TABLES) {
                try (PreparedStatement query = connection.prepareStatement("SELECT domain, sessions, failed FROM " + table
                         + " WHERE day = ? AND failed > 0 ORDER BY failed DESC LIMIT ?")) {
                    JdbcValues.set(query, 1, day.toEpochDay(), limit * ROWS_PER_DOMAIN);
                    try (ResultSet answer = query.executeQuery()) {
                        while (answer.next()) {
                            long[] sum = sums.computeIfAbsent(TallyKey.of(day, answer.getString(1)).domain().ascii(), any -> new long[2]);
                            sum[0] += answer.getLong(2);
                            sum[1] += answer.getLong(3);
                        }
                    }
                }
            }
            return sums.entrySet().stream().map(each -> new DomainLine(each.getKey(), each.getValue()[0], each.getValue()[1]))
                .sorted((a, b) -> Long.compare(b.failed(), a.failed())).limit(limit).toList();
        });
    }

    /** The numbers of reports by state, of days from {@code first} on. */
    public Map<ReportRecord.State, Long> reports(LocalDate first) {
        return database.transaction(connection -> {
            Map<ReportRecord.State, Long> numbers = new TreeMap<>();
            try (PreparedStatement query = connection.prepareStatement(
                     "SELECT state, COUNT(*) FROM tlsrpt_dispatch WHERE day >= ? GROUP BY state")) {
                JdbcValues.set(query, 1, first.toEpochDay());
                try (ResultSet answer = query.executeQuery()) {
                    while (answer.next()) {
                        numbers.put(ReportRecord.State.valueOf(answer.getString(1)), answer.getLong(2));
                    }
                }
                return numbers;
            }
        });
    }

    /** The failures of one domain on one day, the most frequent first. */
    public List<Failures> failures(DomainName recipients, LocalDate day, int limit) {
        return database.transaction(connection -> {
            List<Failures> failures = new ArrayList<>();
            try (PreparedStatement query = connection.prepareStatement("SELECT type, mx_host, reason, SUM(n) FROM tlsrpt_failure "
                     + "WHERE day = ? AND " + domain + " >= ? AND " + domain + " < ? "
                     + "GROUP BY type, mx_host, reason ORDER BY SUM(n) DESC LIMIT ?")) {
                JdbcValues.set(query, 1, day.toEpochDay(), recipients.ascii(), recipients.ascii() + BEHIND_IDENTITIES, limit);
                try (ResultSet answer = query.executeQuery()) {
                    while (answer.next()) {
                        String host = answer.getString(2);
                        failures.add(new Failures(day, answer.getString(1), host == null ? "" : host, answer.getString(3),
                            answer.getLong(4)));
                    }
                }
                return failures;
            }
        });
    }
}
