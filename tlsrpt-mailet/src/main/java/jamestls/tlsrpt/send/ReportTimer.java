package jamestls.tlsrpt.send;

import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.TallyKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
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
    private static final Duration MAX_START = Duration.ofMinutes(10);
    private static final Duration MAX_LOOK_AGAIN = Duration.ofSeconds(1);

    private final ReportRun run;
    private final Function<TallyKey, Instant> dueAt;
    private final Clock clock;
    private final Duration pause;
    private final Runnable housekeeping;
    private final BooleanSupplier serverTakesMail;
    private final Duration longestStart;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread thread;

    /**
     * @param dueAt the first instant at which a report may go; may throw {@code StorageOutage}
     * @param housekeeping done at each look, after the reports
     * @param serverTakesMail whether James has a queue for report mails; mailets start before it does. Asked until it has, for ten minutes
     *     at most
     * @param pause between two looks at the clock
     */
    public ReportTimer(ReportRun run, Function<TallyKey, Instant> dueAt, Runnable housekeeping, BooleanSupplier serverTakesMail,
                       Clock clock, Duration pause) {
        this(run, dueAt, housekeeping, serverTakesMail, clock, pause, MAX_START);
    }

    ReportTimer(ReportRun run, Function<TallyKey, Instant> dueAt, Runnable housekeeping, BooleanSupplier serverTakesMail, Clock clock,
                Duration pause, Duration longestStart) {
        this.run = run;
        this.dueAt = dueAt;
        this.housekeeping = housekeeping;
        this.serverTakesMail = serverTakesMail;
        this.clock = clock;
        this.pause = pause;
        this.longestStart = longestStart;
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
            awaitServer();
            while (stopped.getCount() > 0) {
                surely("a report run", () -> tick(result -> { }));
                surely("housekeeping", housekeeping);
                stopped.await(pause.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException stop) {
            LOGGER.debug("tlsreport: the timer stops");
        }
    }

    /** A report mail that James can't take yet would lose one of its tries. */
    private void awaitServer() throws InterruptedException {
        long begun = System.nanoTime();
        long lookAgain = Math.min(pause.toMillis(), MAX_LOOK_AGAIN.toMillis());
        while (!serverTakesMail.getAsBoolean()) {
            if (System.nanoTime() - begun > longestStart.toNanos()) {
                LOGGER.warn("tlsreport: James has no queue for report mails after {}; trying to send reports all the same", longestStart);
                return;
            }
            if (stopped.await(lookAgain, TimeUnit.MILLISECONDS)) {
                return;
            }
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
