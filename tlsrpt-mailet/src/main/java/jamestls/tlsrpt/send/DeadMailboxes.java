package jamestls.tlsrpt.send;

import jamestls.mtasts.outcome.LostReport;
import jamestls.mtasts.outcome.TlsOutcome;
import jamestls.mtasts.outcome.TlsOutcomeSink;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.james.metrics.api.Metric;
import org.apache.james.metrics.api.MetricFactory;

/**
 * Mail addresses whose server refused a report for good. They are left alone for a week, and then tried again. Kept in memory:
 * after a restart each costs one more refusal.
 */
public final class DeadMailboxes implements TlsOutcomeSink {

    private static final Duration LEFT_ALONE = Duration.ofDays(7);
    private static final int MOST = 100_000;

    private record Refusal(Instant until, String why) {
    }

    private final Clock clock;
    private final Metric refused;
    private final Metric expired;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Refusal> refusals = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Refusal> eldest) {
            return size() > MOST;
        }
    };

    public DeadMailboxes(MetricFactory metrics, Clock clock) {
        this.clock = clock;
        this.refused = metrics.generate("tlsReportMailsRefused");
        this.expired = metrics.generate("tlsReportMailsExpired");
    }

    /** Why nothing goes to an address now, if so. */
    Optional<String> objection(String address) {
        lock.lock();
        try {
            Refusal refusal = refusals.get(key(address));
            // a wait longer than the longest is from a clock that was set back
            if (refusal == null || !clock.instant().isBefore(refusal.until())
                || refusal.until().isAfter(clock.instant().plus(LEFT_ALONE))) {
                return Optional.empty();
            }
            return Optional.of("left alone until " + refusal.until() + ", because a report was refused: " + refusal.why());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void lost(LostReport report) {
        switch (report.reason()) {
            case EXPIRED -> expired.increment();
            case REFUSED -> {
                refused.increment();
                remember(report);
            }
        }
    }

    private void remember(LostReport report) {
        lock.lock();
        try {
            refusals.put(key(report.recipient()), new Refusal(clock.instant().plus(LEFT_ALONE), ReportLog.printable(report.why())));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void record(List<TlsOutcome> outcomes) {
        // counting sessions is others' work
    }

    private static String key(String address) {
        return address.toLowerCase(Locale.ROOT);
    }
}
