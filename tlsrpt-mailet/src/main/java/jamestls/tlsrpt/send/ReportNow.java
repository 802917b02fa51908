package jamestls.tlsrpt.send;

import jamestls.tlsrpt.store.Due;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reports because an administrator asked, by mail or through webadmin. Each run has a thread of its own, which {@link #stop} ends. */
public final class ReportNow {

    private static final Logger LOGGER = LoggerFactory.getLogger(ReportNow.class);

    private final ReportRun run;
    private final Clock clock;
    private final AtomicReference<Thread> running = new AtomicReference<>();
    /** Of callers that wait. */
    private final Set<Thread> awaited = ConcurrentHashMap.newKeySet();

    public ReportNow(ReportRun run, Clock clock) {
        this.run = run;
        this.clock = clock;
    }

    /** Whether the run that was asked for takes place. */
    public enum Start {
        STARTED,
        /** Another one is under way, and will report what there is. */
        UNDER_WAY
    }

    /**
     * Reports some days and returns when that is done. Several may run at once: each day and domain is claimed by one of them.
     *
     * @param day this UTC day, and what was postponed of it; empty for all days that are over, and what was postponed to a time before now
     * @param each gets the results, on the run's thread
     * @return false if {@link #stop} ended the run
     * @throws InterruptedException if the caller is interrupted; the run has ended then
     */
    public boolean await(Optional<LocalDate> day, Consumer<ReportResult> each) throws InterruptedException {
        Due due = day.map(only -> Due.ofDay(only, clock.instant())).orElseGet(() -> Due.finishedDays(clock.instant()));
        FutureTask<Boolean> task = new FutureTask<>(() -> {
            run.run(due, key -> day.isEmpty() || key.day().equals(day.get()), each);
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

    /** Returns when that thread has ended, even if the caller is interrupted meanwhile. */
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
     * Reports all there is, the day so far included, one such run at a time. Returns at once.
     *
     * @param answer gets the summary when the run is through, on the run's thread
     */
    public Start start(Consumer<String> answer) {
        Thread thread = Thread.ofVirtual().name("tlsreport-now").unstarted(() -> work(answer));
        if (!running.compareAndSet(null, thread)) {
            return Start.UNDER_WAY;
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

    /** Interrupts the runs that are under way and waits for each, at most {@code patience}. */
    public void stop(Duration patience) {
        awaited.forEach(thread -> stop(thread, patience));
        stop(running.get(), patience);
    }

    private static void stop(Thread thread, Duration patience) {
        if (thread != null && thread.isAlive()) {
            thread.interrupt();
            try {
                thread.join(patience);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void work(Consumer<String> answer) {
        try {
            RunSummary summary = new RunSummary();
            run.run(Due.everything(clock.instant()), key -> true, summary::add);
            answer.accept(summary.text());
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsreport: the run that was asked for failed", e);
        } finally {
            running.set(null);
        }
    }
}
