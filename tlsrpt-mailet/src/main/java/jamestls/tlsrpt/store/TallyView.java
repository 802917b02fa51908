package jamestls.tlsrpt.store;

import jamestls.dns.DomainName;
import jamestls.storage.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads counts without claiming them, for the command line. */
public final class TallyView {

    /**
     * One part of a day.
     *
     * @param state {@code counting} for an open part, {@code waiting} for a closed one, {@code postponed until …}, or the result
     */
    public record Line(TallyKey key, int part, long sessions, long failed, String state) {
    }

    private static final String LINES = "SELECT day, domain, part, sessions, failed, 'counting', 0 FROM tlsrpt_domain WHERE sessions > 0 "
        + "AND day >= ? AND day <= ? AND (domain = ? OR domain LIKE ?) UNION ALL "
        + "SELECT day, domain, part, sessions, failed, result, postponed FROM tlsrpt_part "
        + "WHERE day >= ? AND day <= ? AND (domain = ? OR domain LIKE ?) ORDER BY 1 DESC, 2, 3 LIMIT ?";

    private final Database database;

    /** @param database with the tables of {@link TallySchema} */
    public TallyView(Database database) {
        this.database = database;
    }

    /**
     * The parts, newest day first.
     *
     * @param day limits the result to a day
     * @param domain limits the result to a domain
     * @param limit maximum number of parts
     */
    public List<Line> lines(Optional<LocalDate> day, Optional<DomainName> domain, int limit) {
        long first = day.map(LocalDate::toEpochDay).orElse(0L);
        long last = day.map(LocalDate::toEpochDay).orElse((long) Integer.MAX_VALUE);
        String name = domain.map(DomainName::ascii).orElse("");
        // with any submitter; "_" matches any character, so other domains may match, too
        String withSubmitter = domain.map(each -> each.ascii() + " %").orElse("%");
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement(LINES)) {
                JdbcValues.set(query, 1, first, last, name, withSubmitter, first, last, name, withSubmitter, limit);
                List<Line> lines = new ArrayList<>();
                try (ResultSet answer = query.executeQuery()) {
                    while (answer.next()) {
                        TallyKey key = TallyKey.of(LocalDate.ofEpochDay(answer.getLong(1)), answer.getString(2));
                        lines.add(new Line(key, answer.getInt(3), answer.getLong(4), answer.getLong(5),
                            state(answer.getString(6), answer.getLong(7))));
                    }
                }
                return lines;
            }
        });
    }

    /** All parts of a day and domain with their counts; the open part ends with the day. */
    public List<DomainTally> tallies(TallyKey key) {
        return database.transaction(connection -> {
            List<DomainTally> tallies = new ArrayList<>();
            try (PreparedStatement query =
                     connection.prepareStatement("SELECT part FROM tlsrpt_part WHERE day = ? AND domain = ? ORDER BY part")) {
                JdbcValues.setKey(query, 1, key);
                try (ResultSet answer = query.executeQuery()) {
                    while (answer.next()) {
                        tallies.add(TallyReader.closed(connection, key, answer.getInt(1)));
                    }
                }
            }
            open(connection, key).ifPresent(tallies::add);
            return tallies;
        });
    }

    private static Optional<DomainTally> open(Connection connection, TallyKey key) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(
                 "SELECT part, started, sessions, failed FROM tlsrpt_domain WHERE day = ? AND domain = ? AND sessions > 0")) {
            JdbcValues.setKey(query, 1, key);
            try (ResultSet answer = query.executeQuery()) {
                if (!answer.next()) {
                    return Optional.empty();
                }
                ReportPeriod counting = new ReportPeriod(answer.getInt(1), Instant.ofEpochMilli(answer.getLong(2)))
                    .closedAt(key.lastSecond(), key);
                ReportPeriod part = SqlDestinationStore.knownSecret(connection).map(secret -> counting.in(secret, key)).orElse(counting);
                return Optional.of(new DomainTally(key, part, key.lastSecond(), answer.getLong(3), answer.getLong(4),
                    TallyReader.policies(connection, key, part.number())));
            }
        }
    }

    private static String state(String result, long postponed) {
        if (!result.isEmpty()) {
            return result;
        }
        return postponed == 0 ? "waiting" : "postponed until " + Instant.ofEpochMilli(postponed);
    }
}
