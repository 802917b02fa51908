package jamestls.tlsrpt.send;

import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.store.Due;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that each finished day is reported. It asks the clock anew every time it wakes up and remembers no point in
 * time at which to act, so a clock that jumps, or a machine that slept, costs nothing but the delay.
 */
public final class ReportTimer {

    private static final Logger LOGGER = LoggerFactory.getLogger(ReportTimer.class);

    private final ReportRun run;
    private final ReportSchedule schedule;
    private final Clock clock;
    private final Duration pause;
    private final Runnable purge;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread thread;

    /**
     * @param purge removes what is too old; done at each look, after the reports
     * @param pause between two looks at the clock
     */
    public ReportTimer(ReportRun run, ReportSchedule schedule, Runnable purge, Clock clock, Duration pause) {
        this.purge = purge;
        this.run = run;
        this.schedule = schedule;
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
        run.run(Due.finishedDays(now), key -> !now.isBefore(schedule.dueAt(key)), each);
        purge.run();
    }

    private void work() {
        try {
            do {
                surelyTick();
            } while (!stopped.await(pause.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException stop) {
            LOGGER.debug("tlsreport: the timer stops");
        }
    }

    private void surelyTick() {
        try {
            tick(result -> { });
        } catch (StorageOutage e) {
            LOGGER.error("tlsreport: the store failed, the next run follows: {}", e.getMessage());
        } catch (RuntimeException e) {
            LOGGER.error("tlsreport: a run failed, the next one follows", e);
        }
    }
}
