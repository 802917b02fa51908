package jamestls.smtp;

import jamestls.net.SanitizedLogger;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/** Ends sessions with QUIT, which takes a round trip or its time limit; nobody waits for it. */
final class SessionCloser implements AutoCloseable {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(SessionCloser.class);
    private static final Duration MAX = Duration.ofSeconds(6);

    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("smtp-quit-", 0).factory());

    /** Ends the session in another thread, then runs the action. */
    void close(SmtpSession session, Runnable then) {
        try {
            threads.execute(() -> closeNow(session, then));
        } catch (RejectedExecutionException | OutOfMemoryError noThread) {
            closeNow(session, then);
        }
    }

    private static void closeNow(SmtpSession session, Runnable then) {
        try {
            session.close();
        } finally {
            then.run();
        }
    }

    /** The same for a timer that runs it again and again: one run that throws must not be the last. */
    static Runnable goingOn(Runnable work) {
        return () -> {
            try {
                work.run();
            } catch (RuntimeException | Error e) {
                LOGGER.error("Idle sessions could not be looked through; they will be again", e);
            }
        };
    }

    /** Waits a few seconds at most for those under way. */
    @Override
    public void close() {
        threads.shutdown();
        try {
            if (!threads.awaitTermination(MAX.toSeconds(), TimeUnit.SECONDS)) {
                threads.shutdownNow();
            }
        } catch (InterruptedException e) {
            threads.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
