package jamestls.tlsrpt.inbox;

import jamestls.dns.DomainName;
import jamestls.storage.Database;
import jamestls.tlsrpt.inbox.Alarm.Direction;
import jamestls.tlsrpt.store.JdbcValues;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/**
 * Alarms in the database of the received reports. Servers that share it send each alarm once: it is claimed by lease, sent, and marked as
 * sent. After a crash in between another server sends it, at worst a second time. All methods may throw {@code StorageOutage}.
 */
public final class AlarmStore {

    /** More alarms of one domain and day are not stored: a hostile reporter can invent causes. */
    static final int MAX_OF_DOMAIN = 20;
    /** More alarms of one day are not stored. */
    static final int MAX_OF_DAY = 1_000;
    /** Alarms in one mail. */
    static final int MAX_CLAIMED = 50;
    private static final Duration LEASE = Duration.ofMinutes(5);
    private static final int MAX_PENDING = 1_000;

    private final Database database;

    /** @param database with the tables of {@link InboxStore} */
    public AlarmStore(Database database) {
        this.database = database;
    }

    /** A stored alarm that this server is to send. */
    record Claimed(long day, byte[] cause, String text) {
    }

    /** A domain and day with new reports of failures; {@code version} changes with each report. */
    record Pending(DomainName domain, LocalDate day, long version) {
    }

    /** Stores an alarm. @return false if there is one of the same cause and day, or there are too many */
    public boolean add(Alarm alarm) {
        return database.transaction(connection -> {
            long day = alarm.day().toEpochDay();
            byte[] cause = JdbcValues.hash(alarm.direction().name(), alarm.domain().ascii(), alarm.cause());
            if (count(connection, "SELECT COUNT(*) FROM tlsinbox_alarm WHERE day = ?", day) >= MAX_OF_DAY
                    || count(connection, "SELECT COUNT(*) FROM tlsinbox_alarm WHERE day = ? AND domain = ?", day,
                        alarm.domain().ascii()) >= MAX_OF_DOMAIN) {
                return false;
            }
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO tlsinbox_alarm (day, cause, domain, direction, at, "
                     + "text, leased, sent) VALUES (?, ?, ?, ?, ?, ?, 0, 0) ON CONFLICT (day, cause) DO NOTHING")) {
                JdbcValues.set(insert, 1, day, cause, alarm.domain().ascii(), alarm.direction().name(), alarm.at().toEpochMilli(),
                    alarm.text());
                return insert.executeUpdate() == 1;
            }
        });
    }

    /** Alarms that were not sent, for this server alone until the lease ends; the oldest first. */
    List<Claimed> claim(Instant now) {
        return database.transaction(connection -> {
            List<Claimed> claimed = new ArrayList<>();
            for (Claimed alarm : unsent(connection, now)) {
                try (PreparedStatement lease = connection.prepareStatement("UPDATE tlsinbox_alarm SET leased = ? WHERE day = ? "
                         + "AND cause = ? AND sent = 0 AND leased <= ?")) {
                    JdbcValues.set(lease, 1, now.plus(LEASE).toEpochMilli(), alarm.day, alarm.cause, now.toEpochMilli());
                    if (lease.executeUpdate() == 1) {
                        claimed.add(alarm);
                    }
                }
            }
            return claimed;
        });
    }

    private static List<Claimed> unsent(Connection connection, Instant now) throws SQLException {
        List<Claimed> unsent = new ArrayList<>();
        try (PreparedStatement query = connection.prepareStatement(
                 "SELECT day, cause, text FROM tlsinbox_alarm WHERE sent = 0 AND leased <= ? ORDER BY at, day, cause LIMIT ?")) {
            JdbcValues.set(query, 1, now.toEpochMilli(), MAX_CLAIMED);
            try (ResultSet answer = query.executeQuery()) {
                while (answer.next()) {
                    unsent.add(new Claimed(answer.getLong(1), answer.getBytes(2), answer.getString(3)));
                }
            }
        }
        return unsent;
    }

    /** Marks alarms as sent. */
    void sent(List<Claimed> alarms) {
        update(alarms, "UPDATE tlsinbox_alarm SET sent = 1 WHERE day = ? AND cause = ?");
    }

    /** Ends the leases of alarms that could not be sent. */
    void release(List<Claimed> alarms) {
        update(alarms, "UPDATE tlsinbox_alarm SET leased = 0 WHERE day = ? AND cause = ? AND sent = 0");
    }

    private void update(List<Claimed> alarms, String sql) {
        database.transaction(connection -> {
            try (PreparedStatement update = connection.prepareStatement(sql)) {
                for (Claimed alarm : alarms) {
                    JdbcValues.set(update, 1, alarm.day, alarm.cause);
                    update.addBatch();
                }
                return update.executeBatch();
            }
        });
    }

    /** Alarms of the days from {@code first} on, the latest first. */
    public List<Alarm> since(LocalDate first, int limit) {
        return database.transaction(connection -> {
            List<Alarm> alarms = new ArrayList<>();
            try (PreparedStatement query = connection.prepareStatement("SELECT at, direction, domain, text FROM tlsinbox_alarm "
                     + "WHERE day >= ? ORDER BY at DESC, domain, text LIMIT ?")) {
                JdbcValues.set(query, 1, first.toEpochDay(), Math.clamp(limit, 1, InboxView.MAX_LINES));
                try (ResultSet answer = query.executeQuery()) {
                    while (answer.next()) {
                        alarms.add(new Alarm(Instant.ofEpochMilli(answer.getLong(1)), Direction.valueOf(answer.getString(2)),
                            new DomainName(answer.getString(3)), "", answer.getString(4)));
                    }
                }
            }
            return alarms;
        });
    }

    /** Domains and days for which alarms are to be looked for. */
    List<Pending> pending() {
        return database.transaction(connection -> {
            List<Pending> pending = new ArrayList<>();
            try (PreparedStatement query =
                     connection.prepareStatement("SELECT domain, day, n FROM tlsinbox_pending ORDER BY day DESC, domain LIMIT ?")) {
                JdbcValues.set(query, 1, MAX_PENDING);
                try (ResultSet answer = query.executeQuery()) {
                    while (answer.next()) {
                        pending.add(new Pending(new DomainName(answer.getString(1)), LocalDate.ofEpochDay(answer.getLong(2)),
                            answer.getLong(3)));
                    }
                }
            }
            return pending;
        });
    }

    /** Forgets a domain and day, unless another report about it came meanwhile. */
    void done(Pending pending) {
        database.transaction(connection -> {
            try (PreparedStatement delete =
                     connection.prepareStatement("DELETE FROM tlsinbox_pending WHERE domain = ? AND day = ? AND n = ?")) {
                JdbcValues.set(delete, 1, pending.domain().ascii(), pending.day().toEpochDay(), pending.version());
                return delete.executeUpdate();
            }
        });
    }

    private static long count(Connection connection, String sql, Object... values) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(sql)) {
            JdbcValues.set(query, 1, values);
            try (ResultSet answer = query.executeQuery()) {
                return answer.next() ? answer.getLong(1) : 0;
            }
        }
    }
}
