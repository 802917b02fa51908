package jamestls.smtp;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/** Ends sessions with QUIT, which takes a round trip or its time limit; nobody waits for it. */
final class SessionCloser implements AutoCloseable {

    private static final Duration MAX = Duration.ofSeconds(6);

    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("smtp-quit-", 0).factory());

    /** Ends the session in another thread, then runs the action. */
    void close(SmtpSession session, Runnable then) {
        try {
            threads.execute(() -> closeNow(session, then));
        } catch (RejectedExecutionException closing) {
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
