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
 * Closes connections whose time is over, from one daemon thread. Closing the socket ends a blocked connect, handshake, read
 * and write alike. A socket's read time-out can't do that: a server that sends a byte now and then resets it.
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

    /** Deadlines that run keep their time; new ones expire at once. */
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

        /** Ends the deadline in time: it closes nothing any more. No effect if it has expired. */
        public void meet() {
            if (state.compareAndSet(State.RUNNING, State.MET) && alarm != null) {
                alarm.cancel(false);
            }
        }

        /** Ends the deadline as if its time were over. No effect if it was met. */
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

        /** A plain socket: nothing is sent, nothing blocks. */
        private static void closeQuietly(Closeable connection) {
            try {
                connection.close();
            } catch (IOException alreadyBroken) {
                // the connection can't be used any more, which is what was asked for
                return;
            }
        }
    }
}
