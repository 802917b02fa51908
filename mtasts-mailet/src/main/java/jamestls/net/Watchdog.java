package jamestls.net;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Closes connections at their deadlines, in one daemon thread. Closing the socket ends a blocked connect, handshake, read or write. A
 * socket's read time-out is not enough, because a server that sends single bytes resets it.
 */
public final class Watchdog implements AutoCloseable {

    private final ScheduledThreadPoolExecutor timer;

    /** @param threadName the name of the thread that closes connections */
    public Watchdog(String threadName) {
        timer = new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name(threadName).factory());
        timer.setRemoveOnCancelPolicy(true);
    }

    /**
     * Starts a deadline that has no connection yet ({@link Deadline#watch}).
     *
     * @param limit the time until it expires; after {@link #close} it expires at once
     */
    public Deadline start(Duration limit) {
        Deadline deadline = new Deadline(limit);
        try {
            deadline.alarm = timer.schedule(deadline::expire, limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException closed) {
            deadline.expire();
        }
        return deadline;
    }

    /** As {@link #start(Duration)}, watching {@code connection}. */
    public Deadline start(Duration limit, Closeable connection) {
        Deadline deadline = start(limit);
        deadline.watch(connection);
        return deadline;
    }

    /** Running deadlines are not changed; new ones expire at once. */
    @Override
    public void close() {
        timer.shutdown();
    }

    /** The time of one exchange or of one phase of it. Safe for use by several threads. */
    public static final class Deadline implements AutoCloseable {

        private enum State { RUNNING, MET, EXPIRED }

        private final Duration limit;
        private final long end;
        private final AtomicReference<State> state = new AtomicReference<>(State.RUNNING);
        private final AtomicReference<Closeable> connection = new AtomicReference<>();
        private volatile Future<?> alarm;

        private Deadline(Duration limit) {
            this.limit = limit;
            this.end = System.nanoTime() + limit.toNanos();
        }

        /** Makes {@code next} the connection that is closed on expiry; closes it at once if the deadline has expired. */
        public void watch(Closeable next) {
            connection.set(next);
            if (state.get() == State.EXPIRED) {
                closeQuietly(next);
            }
        }

        /** Marks the deadline as met, so that it closes nothing. No effect if it has expired. */
        public void meet() {
            if (state.compareAndSet(State.RUNNING, State.MET) && alarm != null) {
                alarm.cancel(false);
            }
        }

        /** Expires the deadline now. No effect if it was met. */
        public void expire() {
            if (state.compareAndSet(State.RUNNING, State.EXPIRED) && connection.get() != null) {
                closeQuietly(connection.get());
            }
        }

        /** Whether the time ran out before the deadline was met. */
        public boolean isExpired() {
            if (state.get() == State.RUNNING && System.nanoTime() - end >= 0) {
                expire();
            }
            return state.get() == State.EXPIRED;
        }

        /** The time left; zero if it has expired. */
        public Duration left() {
            return isExpired() ? Duration.ZERO : Duration.ofNanos(Math.max(0, end - System.nanoTime()));
        }

        public Duration limit() {
            return limit;
        }

        /** Ends the deadline and closes its connection. */
        @Override
        public void close() {
            meet();
            if (connection.get() != null) {
                closeQuietly(connection.get());
            }
        }

        /** Closes the plain socket, which sends nothing and does not block. */
        private static void closeQuietly(Closeable connection) {
            try {
                connection.close();
            } catch (IOException alreadyBroken) {
                // the connection is unusable, as intended
                return;
            }
        }
    }
}
