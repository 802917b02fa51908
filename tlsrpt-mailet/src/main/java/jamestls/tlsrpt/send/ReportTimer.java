package jamestls.tlsrpt.send;

import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.TallyKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that each finished day is reported. It asks the clock anew every time it wakes up and remembers no point in
 * time at which to act, so a clock that jumps, or a machine that slept, costs nothing but the delay.
 */
public final class ReportTimer {

    private static final Logger LOGGER = LoggerFactory.getLogger(ReportTimer.class);

    private final ReportRun run;
    private final Function<TallyKey, Instant> dueAt;
    private final Clock clock;
    private final Duration pause;
    private final Runnable housekeeping;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread thread;

    /**
     * @param dueAt the first instant at which a report may go; may throw {@code StorageOutage}
     * @param housekeeping done at each look, after the reports
     * @param pause between two looks at the clock, and before the first: mailets start before James has a queue for report mails
     */
    public ReportTimer(ReportRun run, Function<TallyKey, Instant> dueAt, Runnable housekeeping, Clock clock, Duration pause) {
        this.run = run;
        this.dueAt = dueAt;
        this.housekeeping = housekeeping;
        this.clock = clock;
        this.pause = pause;
        this.thread = Thread.ofVirtual().name("tlsreport-timer").unstarted(this::work);
    }

    /** At most once. */
    public void start() {
        thread.start();
    }

    /** Interrupts what is going on and waits for it, at most {@code patience}; what was claimed and not sent is put back. */
    public void stop(Duration patience) {
        stopped.countDown();
        thread.interrupt();
        try {
            if (thread.isAlive() && !thread.join(patience)) {
                LOGGER.warn("tlsreport: a report run did not end within {}", patience);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Reports what is due by now, and returns when that is done. */
    void tick(Consumer<ReportResult> each) {
        Instant now = clock.instant();
        run.run(Due.finishedDays(now), key -> !now.isBefore(dueAt.apply(key)), each);
    }

    private void work() {
        try {
            while (!stopped.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                surely("a report run", () -> tick(result -> { }));
                surely("housekeeping", housekeeping);
            }
        } catch (InterruptedException stop) {
            LOGGER.debug("tlsreport: the timer stops");
        }
    }

    /** Nothing ends the timer but {@link #stop}. */
    private static void surely(String what, Runnable work) {
        try {
            work.run();
        } catch (StorageOutage e) {
            LOGGER.error("tlsreport: {} failed because the store did, the next one follows: {}", what, e.getMessage());
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsreport: {} failed, the next one follows", what, e);
        }
    }
}
