package jamestls.tlsrpt.store;

import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.TlsOutcomeSink;
import jamestls.storage.Database;
import jamestls.storage.Migrations;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The number of sessions of each UTC day by protection, for the page. Unlike the counts for reports these are kept for domains without
 * reports, too, and for 400 days. They are saved every half minute; a server that is killed loses those since. Thread-safe.
 */
public final class SessionTotals implements TlsOutcomeSink {

    /** How a session was protected. */
    public enum Protection {
        /** TLSA records were matched. */
        DANE,
        /** An MTA-STS policy was met. */
        MTA_STS,
        /** No policy applied. */
        NO_POLICY,
        /** A policy was violated, or TLS failed. */
        FAILED
    }

    /** The tables; a row has the total of one server since one of its starts. */
    public static final Migrations MIGRATIONS = new Migrations("tlstotal", List.of(List.of(
        "CREATE TABLE tlstotal_day (day BIGINT NOT NULL, writer TEXT NOT NULL, protection TEXT NOT NULL, n BIGINT NOT NULL, "
            + "PRIMARY KEY (day, writer, protection)) ${clustered}")));
    /** How many days are kept. */
    public static final int DAYS = 400;
    private static final String SAVE = "INSERT INTO tlstotal_day (day, writer, protection, n) VALUES (?, ?, ?, ?) "
        + "ON CONFLICT (day, writer, protection) DO UPDATE SET n = excluded.n";
    /** Sessions that ended before midnight may be counted a little later. */
    private static final int DAYS_IN_MEMORY = 2;

    private final Optional<Database> database;
    private final Clock clock;
    private final String writer = UUID.randomUUID().toString();
    private final ReentrantLock lock = new ReentrantLock();
    private final TreeMap<LocalDate, long[]> counted = new TreeMap<>();
    private final TreeMap<LocalDate, long[]> saved = new TreeMap<>();

    /** @param database with {@link #MIGRATIONS}; empty to keep the days in memory only */
    public SessionTotals(Optional<Database> database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    @Override
    public void record(List<TlsOutcome> outcomes) {
        for (TlsOutcome outcome : outcomes) {
            // a session counts once, whatever the number of mails and domains
            if (outcome.session().isEmpty() || outcome.session().get().enter(this)) {
                add(outcome.at().atZone(ZoneOffset.UTC).toLocalDate(), protection(outcome));
            }
        }
    }

    private static Protection protection(TlsOutcome outcome) {
        Protection best = Protection.NO_POLICY;
        for (PolicyVerdict verdict : outcome.verdicts()) {
            if (verdict instanceof PolicyVerdict.Violated) {
                return Protection.FAILED;
            }
            if (verdict.policy().type() == PolicyType.TLSA) {
                best = Protection.DANE;
            } else if (verdict.policy().type() == PolicyType.STS && best == Protection.NO_POLICY) {
                best = Protection.MTA_STS;
            }
        }
        return best;
    }

    private void add(LocalDate day, Protection protection) {
        lock.lock();
        try {
            counted.computeIfAbsent(day, any -> new long[Protection.values().length])[protection.ordinal()]++;
            // the clock may have been anywhere; in memory alone the days are all that there is
            while (counted.size() > (database.isPresent() ? DAYS_IN_MEMORY : DAYS)) {
                counted.pollFirstEntry();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Saves what was counted since, and deletes days before the last 400. */
    public void save() {
        if (database.isEmpty()) {
            return;
        }
        Map<LocalDate, long[]> changed = changed();
        if (changed.isEmpty()) {
            return;
        }
        long firstKept = clock.instant().atZone(ZoneOffset.UTC).toLocalDate().minusDays(DAYS).toEpochDay();
        database.get().transaction(connection -> {
            try (PreparedStatement save = connection.prepareStatement(SAVE);
                 PreparedStatement forget = connection.prepareStatement("DELETE FROM tlstotal_day WHERE day < ?")) {
                for (var day : changed.entrySet()) {
                    for (Protection protection : Protection.values()) {
                        JdbcValues.set(save, 1, day.getKey().toEpochDay(), writer, protection.name(), day.getValue()[protection.ordinal()]);
                        save.addBatch();
                    }
                }
                save.executeBatch();
                JdbcValues.set(forget, 1, firstKept);
                return forget.executeUpdate();
            }
        });
        lock.lock();
        try {
            saved.putAll(changed);
            saved.keySet().retainAll(counted.keySet());
        } finally {
            lock.unlock();
        }
    }

    private Map<LocalDate, long[]> changed() {
        lock.lock();
        try {
            Map<LocalDate, long[]> changed = new TreeMap<>();
            counted.forEach((day, numbers) -> {
                if (!Arrays.equals(saved.get(day), numbers)) {
                    changed.put(day, numbers.clone());
                }
            });
            return changed;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The totals of the last days, of all servers that share the database; without a database, of this server since its start.
     *
     * @param reading the same database, best opened for reading only; empty without one
     * @param days number of days, today included
     * @return for each day the numbers in the order of {@link Protection}; zeros for a day without sessions
     */
    public Map<LocalDate, long[]> lastDays(Optional<Database> reading, int days) {
        LocalDate today = clock.instant().atZone(ZoneOffset.UTC).toLocalDate();
        Map<LocalDate, long[]> totals = new TreeMap<>();
        for (int back = days - 1; back >= 0; back--) {
            totals.put(today.minusDays(back), new long[Protection.values().length]);
        }
        Map<LocalDate, long[]> here = counted();
        reading.ifPresent(database -> saved(database, totals.keySet().iterator().next(), here.keySet()).forEach(row -> row.addTo(totals)));
        here.forEach((day, numbers) -> {
            for (Protection protection : Protection.values()) {
                new Row(day, protection, numbers[protection.ordinal()]).addTo(totals);
            }
        });
        return totals;
    }

    private record Row(LocalDate day, Protection protection, long n) {

        void addTo(Map<LocalDate, long[]> totals) {
            totals.computeIfPresent(day, (any, numbers) -> {
                numbers[protection.ordinal()] += n;
                return numbers;
            });
        }
    }

    private Map<LocalDate, long[]> counted() {
        lock.lock();
        try {
            Map<LocalDate, long[]> copy = new TreeMap<>();
            counted.forEach((day, numbers) -> copy.put(day, numbers.clone()));
            return copy;
        } finally {
            lock.unlock();
        }
    }

    /** @param newer the days of this object that are newer in memory */
    private List<Row> saved(Database reading, LocalDate first, Set<LocalDate> newer) {
        return reading.transaction(connection -> {
            List<Row> rows = new ArrayList<>();
            try (PreparedStatement query = connection.prepareStatement(
                     "SELECT day, writer, protection, n FROM tlstotal_day WHERE day >= ?")) {
                JdbcValues.set(query, 1, first.toEpochDay());
                try (ResultSet answer = query.executeQuery()) {
                    while (answer.next()) {
                        LocalDate day = LocalDate.ofEpochDay(answer.getLong(1));
                        if (!answer.getString(2).equals(writer) || !newer.contains(day)) {
                            rows.add(new Row(day, Protection.valueOf(answer.getString(3)), answer.getLong(4)));
                        }
                    }
                }
                return rows;
            }
        });
    }
}
