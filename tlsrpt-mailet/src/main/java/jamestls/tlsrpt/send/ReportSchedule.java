package jamestls.tlsrpt.send;

import jamestls.tlsrpt.store.TallyKey;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.zip.CRC32;

/**
 * When a finished day's report is due: some minutes after midnight UTC, and then spread over a window so that not all
 * reporters and all domains of one operator's mail go at once (RFC 8460 §4.1). The offset follows from domain and day, so
 * it is the same on every node and after every restart.
 *
 * @param grace time for sessions that end at midnight to be counted
 * @param window over which the reports of a day are spread, zero for all at once
 */
public record ReportSchedule(Duration grace, Duration window) {

    /** How long after the day's end delivery is tried. */
    private static final Duration OLDEST = Duration.ofHours(48);

    /** The first instant at which the report may go. */
    public Instant dueAt(TallyKey key) {
        CRC32 hash = new CRC32();
        hash.update((key.domain() + " " + key.day()).getBytes(StandardCharsets.US_ASCII));
        long offset = window.isZero() ? 0 : hash.getValue() % window.toMillis();
        return key.endOfDay().plus(grace).plusMillis(offset);
    }

    /** True when the day's end is more than 48 hours ago and the receiver has stopped waiting. */
    public static boolean isTooOld(TallyKey key, Instant now) {
        return now.isAfter(key.endOfDay().plus(OLDEST));
    }
}
