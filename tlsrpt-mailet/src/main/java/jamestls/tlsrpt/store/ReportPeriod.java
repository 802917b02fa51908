package jamestls.tlsrpt.store;

import java.time.Instant;

/**
 * A stretch of a day that has a report of its own. A day has one, unless somebody asks for a report while it lasts.
 *
 * @param number 1 for the first of the day
 * @param start its first second
 */
public record ReportPeriod(int number, Instant start) {

    static ReportPeriod first(TallyKey key) {
        return new ReportPeriod(1, key.firstSecond());
    }

    /** Its last second if it is closed at {@code now}: within the day, and not before its start. */
    Instant endAt(Instant now, TallyKey key) {
        Instant second = Instant.ofEpochSecond(now.getEpochSecond());
        Instant end = second.isAfter(key.lastSecond()) ? key.lastSecond() : second;
        return end.isBefore(start) ? start : end;
    }

    /** The part after one that ends at {@code end}; what comes in late for a day that is over gets the day's last second. */
    ReportPeriod next(Instant end, TallyKey key) {
        Instant following = end.plusSeconds(1);
        return new ReportPeriod(number + 1, following.isAfter(key.lastSecond()) ? key.lastSecond() : following);
    }
}
