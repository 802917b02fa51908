package jamestls.tlsrpt.send;

import jamestls.net.SanitizedLogger;
import jamestls.tlsrpt.store.Due;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** Sends reports at the request of an administrator, by mail or through webadmin. Each run has its own thread, which {@link #stop} ends. */
public final class ReportNow {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(ReportNow.class);

    private final ReportRun run;
    private final Clock clock;
    private final AtomicReference<Thread> running = new AtomicReference<>();
    /** Threads of {@link #await}. */
    private final Set<Thread> awaited = ConcurrentHashMap.newKeySet();

    public ReportNow(ReportRun run, Clock clock) {
        this.run = run;
        this.clock = clock;
    }

    /** Whether a request started a run. */
    public enum Start {
        STARTED,
        /** A run is active already and reports what is due. */
        ALREADY_RUNNING
    }

    /**
     * Reports a day or all finished days, and waits for the end of the run. Several runs may be active at the same time; each day and
     * domain is claimed by one of them.
     *
     * @param day a UTC day, including its postponed reports; empty for all finished days without reports that are still postponed
     * @param onResult gets the results, on the run's thread
     * @return false if {@link #stop} ended the run
     * @throws InterruptedException if the caller was interrupted; the run has ended then
     */
    public boolean await(Optional<LocalDate> day, Consumer<ReportResult> onResult) throws InterruptedException {
        Due due = day.map(only -> Due.ofDay(only, clock.instant())).orElseGet(() -> Due.finishedDays(clock.instant()));
        FutureTask<Boolean> task = new FutureTask<>(() -> {
            run.run(due, key -> day.isEmpty() || key.day().equals(day.get()), onResult);
            return !Thread.currentThread().isInterrupted();
        });
        Thread thread = Thread.ofVirtual().name("tlsreport-task").unstarted(task);
        awaited.add(thread);
        try {
            thread.start();
            return task.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } finally {
            awaited.remove(thread);
            end(thread);
        }
    }

    /** Interrupts the thread and waits for its end, even if the caller is interrupted. */
    private static void end(Thread thread) {
        boolean interrupted = Thread.interrupted();
        thread.interrupt();
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Starts a run about everything counted so far, including the current day, and does not wait for it. One such run at a time.
     *
     * @param onFinished gets the summary at the end of the run, on the run's thread
     */
    public Start start(Consumer<String> onFinished) {
        Thread thread = Thread.ofVirtual().name("tlsreport-now").unstarted(() -> work(onFinished));
        if (!running.compareAndSet(null, thread)) {
            return Start.ALREADY_RUNNING;
        }
        boolean started = false;
        try {
            thread.start();
            started = true;
        } finally {
            if (!started) {
                running.set(null);
            }
        }
        return Start.STARTED;
    }

    /** Interrupts all active runs and waits for the end of each, at most {@code timeout}. */
    public void stop(Duration timeout) {
        awaited.forEach(thread -> stop(thread, timeout));
        stop(running.get(), timeout);
    }

    private static void stop(Thread thread, Duration timeout) {
        if (thread != null && thread.isAlive()) {
            thread.interrupt();
            try {
                thread.join(timeout);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void work(Consumer<String> onFinished) {
        try {
            Summary summary = new Summary();
            run.run(Due.everything(clock.instant()), key -> true, summary::add);
            onFinished.accept(summary.text());
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsreport: the requested run failed", e);
        } finally {
            running.set(null);
        }
    }

    /** Text of the reply to the administrator: plain ASCII, lines end with CRLF. Not thread-safe. */
    public static final class Summary {

        private static final String CRLF = "\r\n";
        private static final int MAX_LINES = 1_000;

        private final List<String> lines = new ArrayList<>();
        private long results;
        private long sent;

        public void add(ReportResult result) {
            results++;
            sent += ReportLog.isAccepted(result) ? 1 : 0;
            if (lines.size() < MAX_LINES) {
                lines.add(line(result));
            }
        }

        public String text() {
            StringBuilder text = new StringBuilder()
                .append(results == 0 ? "There was nothing to report." : sent + " of " + results + " reports sent.").append(CRLF);
            lines.forEach(line -> text.append(CRLF).append(line));
            if (results > MAX_LINES) {
                text.append(CRLF).append("and ").append(results - MAX_LINES).append(" more: see the log.").append(CRLF);
            }
            return text.toString();
        }

        private static String line(ReportResult result) {
            return result.tally().key().domain() + ", " + result.tally().key().day() + ": " + result.word() + CRLF
                + "  sessions: " + result.tally().sessions() + ", of which failed: " + result.tally().failedSessions() + CRLF
                + (ReportLog.isAccepted(result) ? "  to " : "  because: ") + ReportLog.printable(result.detail()) + CRLF;
        }
    }
}
