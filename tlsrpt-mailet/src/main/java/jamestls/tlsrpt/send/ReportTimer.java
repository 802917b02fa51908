package jamestls.tlsrpt.send;

import jamestls.net.SanitizedLogger;
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

/**
 * Runs the reports and the housekeeping at a fixed interval. Each run decides from the current time what is due; no time is computed
 * ahead, so a clock that is set or a machine that was suspended causes a delay at most.
 */
public final class ReportTimer {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(ReportTimer.class);
    private static final Duration START_TIMEOUT = Duration.ofMinutes(10);
    private static final Duration MAX_POLL_PAUSE = Duration.ofSeconds(1);

    private final ReportRun run;
    private final Function<TallyKey, Instant> dueAt;
    private final Clock clock;
    private final Duration pause;
    private final Runnable housekeeping;
    private final BooleanSupplier serverTakesMail;
    private final Duration startTimeout;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread thread;

    /**
     * @param dueAt earliest time of a report; may throw {@code StorageOutage}
     * @param housekeeping runs after the reports, each time
     * @param serverTakesMail whether James has a queue for report mails, because mailets start before it does. Polled until it is true, for
     *     ten minutes at most
     * @param pause between two runs
     */
    public ReportTimer(ReportRun run, Function<TallyKey, Instant> dueAt, Runnable housekeeping, BooleanSupplier serverTakesMail,
                       Clock clock, Duration pause) {
        this(run, dueAt, housekeeping, serverTakesMail, clock, pause, START_TIMEOUT);
    }

    ReportTimer(ReportRun run, Function<TallyKey, Instant> dueAt, Runnable housekeeping, BooleanSupplier serverTakesMail, Clock clock,
                Duration pause, Duration startTimeout) {
        this.run = run;
        this.dueAt = dueAt;
        this.housekeeping = housekeeping;
        this.serverTakesMail = serverTakesMail;
        this.clock = clock;
        this.pause = pause;
        this.startTimeout = startTimeout;
        this.thread = Thread.ofVirtual().name("tlsreport-timer").unstarted(this::work);
    }

    /** Starts the timer; must be called once. */
    public void start() {
        thread.start();
    }

    /** Interrupts an active run and waits for its end, at most {@code timeout}. Claims that were not sent are released. */
    public void stop(Duration timeout) {
        stopped.countDown();
        thread.interrupt();
        try {
            if (thread.isAlive() && !thread.join(timeout)) {
                LOGGER.warn("tlsreport: a report run did not end within {}", timeout);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Reports what is due now. Blocks until the run has ended. */
    void tick(Consumer<ReportResult> onResult) {
        Instant now = clock.instant();
        run.run(Due.finishedDays(now), key -> !now.isBefore(dueAt.apply(key)), onResult);
    }

    private void work() {
        try {
            awaitServer();
            while (stopped.getCount() > 0) {
                runLogged("a report run", () -> tick(result -> { }));
                runLogged("housekeeping", housekeeping);
                stopped.await(pause.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException stop) {
            LOGGER.debug("tlsreport: the timer was interrupted and stops");
        }
    }

    /** Waits until James accepts report mails, because a rejected report mail counts as a try. */
    private void awaitServer() throws InterruptedException {
        long begun = System.nanoTime();
        long pollPause = Math.min(pause.toMillis(), MAX_POLL_PAUSE.toMillis());
        while (!serverTakesMail.getAsBoolean()) {
            if (System.nanoTime() - begun > startTimeout.toNanos()) {
                LOGGER.warn("tlsreport: James has no queue for report mails after {}; trying to send reports anyway", startTimeout);
                return;
            }
            if (stopped.await(pollPause, TimeUnit.MILLISECONDS)) {
                return;
            }
        }
    }

    /** Logs whatever is thrown, so that only {@link #stop} ends the timer. */
    private static void runLogged(String what, Runnable work) {
        try {
            work.run();
        } catch (StorageOutage e) {
            LOGGER.info("tlsreport: {} failed because the store failed, trying again at the next run: {}", what, e.getMessage());
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsreport: {} failed, trying again at the next run", what, e);
        }
    }
}
