package jamestls.tlsrpt.send;

import jamestls.tlsrpt.store.Due;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reports all there is, the day so far included, because an administrator asked. One at a time, on a thread of its own. */
public final class ReportNow {

    private static final Logger LOGGER = LoggerFactory.getLogger(ReportNow.class);

    private final ReportRun run;
    private final Clock clock;
    private final AtomicReference<Thread> running = new AtomicReference<>();

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
     * Returns at once.
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

    /** Interrupts a run that is under way and waits for it, at most {@code patience}. */
    public void stop(Duration patience) {
        Thread thread = running.get();
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
