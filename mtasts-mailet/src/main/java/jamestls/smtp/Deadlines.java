package jamestls.smtp;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The watchdog of all sessions: one daemon thread that closes a connection whose phase takes too long. That ends a blocked
 * read, write and handshake alike, and a server that sends a byte now and then gains nothing, as it would with a socket's
 * read time-out.
 */
final class Deadlines implements AutoCloseable {

    private final ScheduledThreadPoolExecutor watchdog;

    Deadlines() {
        watchdog = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "smtp-deadlines");
            thread.setDaemon(true);
            return thread;
        });
        watchdog.setRemoveOnCancelPolicy(true);
    }

    /** From now on {@code connection} has that long; a watchdog that is closed closes it at once. */
    Deadline start(Duration limit, Closeable connection) {
        Deadline deadline = new Deadline(limit, connection);
        try {
            deadline.alarm = watchdog.schedule(deadline::expire, limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException closed) {
            deadline.expire();
        }
        return deadline;
    }

    /** Deadlines that run go on to run, no new one is granted any time. */
    @Override
    public void close() {
        watchdog.shutdown();
    }

    /** The time one phase has. */
    static final class Deadline {

        private enum State { RUNNING, MET, EXPIRED }

        private final Duration limit;
        private final Closeable connection;
        private final AtomicReference<State> state = new AtomicReference<>(State.RUNNING);
        private Future<?> alarm;

        private Deadline(Duration limit, Closeable connection) {
            this.limit = limit;
            this.connection = connection;
        }

        /** The phase is over; from now on this deadline closes nothing. Too late if it has expired. */
        void meet() {
            if (state.compareAndSet(State.RUNNING, State.MET) && alarm != null) {
                alarm.cancel(false);
            }
        }

        boolean isExpired() {
            return state.get() == State.EXPIRED;
        }

        Duration limit() {
            return limit;
        }

        private void expire() {
            if (state.compareAndSet(State.RUNNING, State.EXPIRED)) {
                try {
                    connection.close();
                } catch (IOException e) {
                    // it was on its way out, and nobody waits for this answer
                }
            }
        }
    }
}
