package jamestls.tlsrpt.send;

import jamestls.tlsrpt.store.TallyKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** When what was postponed may be tried again: after five minutes, then twice as long each time, at most four hours (RFC 8460 §5.5). */
final class RetryTimes {

    private static final Duration FIRST = Duration.ofMinutes(5);
    private static final int MOST_DOUBLINGS = 6;
    private static final Duration LONGEST = Duration.ofHours(4);

    private final Map<TallyKey, Retry> retries = new ConcurrentHashMap<>();

    private record Retry(int failures, Instant notBefore) {
    }

    /** A clock that was set back must not freeze it: a wait longer than the longest is over. */
    boolean mayTry(TallyKey key, Instant now) {
        Retry retry = retries.get(key);
        return retry == null || !now.isBefore(retry.notBefore()) || retry.notBefore().isAfter(now.plus(LONGEST));
    }

    void note(ReportResult result, Instant now) {
        TallyKey key = result.tally().key();
        if (result instanceof ReportResult.Postponed) {
            retries.compute(key, (same, before) -> {
                int failures = before == null ? 0 : Math.min(before.failures() + 1, MOST_DOUBLINGS);
                Duration pause = FIRST.multipliedBy(1L << failures);
                return new Retry(failures, now.plus(pause.compareTo(LONGEST) > 0 ? LONGEST : pause));
            });
        } else {
            retries.remove(key);
        }
    }

    /** Forgets what nobody will try again. */
    void forgetOld(Instant now) {
        retries.keySet().removeIf(key -> ReportSchedule.isTooOld(key, now));
    }
}
