package jamestls.tlsrpt.store;

import java.time.Instant;

/**
 * A stretch of a day that has a report of its own. A day has one, unless somebody asks for a report while it lasts.
 *
 * @param number 1 for the first of the day
 * @param start its first second
 */
public record Part(int number, Instant start) {

    static Part first(TallyKey key) {
        return new Part(1, key.firstSecond());
    }

    /** Its last second if it is closed at {@code now}: within the day, and not before its start. */
    Instant endAt(Instant now, TallyKey key) {
        Instant second = Instant.ofEpochSecond(now.getEpochSecond());
        Instant end = second.isAfter(key.lastSecond()) ? key.lastSecond() : second;
        return end.isBefore(start) ? start : end;
    }

    /** The part after one that ends at {@code end}; what comes in late for a day that is over gets the day's last second. */
    Part next(Instant end, TallyKey key) {
        Instant following = end.plusSeconds(1);
        return new Part(number + 1, following.isAfter(key.lastSecond()) ? key.lastSecond() : following);
    }
}
