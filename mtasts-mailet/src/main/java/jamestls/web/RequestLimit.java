package jamestls.web;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Bounds the work that requests cause: how much at once, how often in a minute, and for how long. */
public final class RequestLimit {

    private static final Duration WINDOW = Duration.ofMinutes(1);

    private final Semaphore places;
    private final int atOnce;
    private final int perMinute;
    private final Duration timeout;
    private final Clock clock;
    private final Deque<Instant> starts = new ArrayDeque<>();

    /** @param timeout after which the work is interrupted */
    public RequestLimit(int atOnce, int perMinute, Duration timeout, Clock clock) {
        this.places = new Semaphore(atOnce);
        this.atOnce = atOnce;
        this.perMinute = perMinute;
        this.timeout = timeout;
        this.clock = clock;
    }

    /** The work was refused or did not finish; the message says why in one sentence. */
    public static final class Exceeded extends Exception {

        private final int status;

        private Exceeded(int status, String message) {
            super(message);
            this.status = status;
        }

        /** The HTTP status: 429 if the work was refused, 504 if it took too long. */
        public int status() {
            return status;
        }
    }

    /**
     * Runs the work on a thread of its own and waits for it.
     *
     * @throws Exceeded if a limit is reached
     * @throws Exception thrown by the work
     */
    public <T> T run(Callable<T> work) throws Exception {
        if (!places.tryAcquire()) {
            throw new Exceeded(429, "No more than " + atOnce + " of these requests are answered at once; try again later.");
        }
        if (!isWithinRate()) {
            places.release();
            throw new Exceeded(429, "No more than " + perMinute + " of these requests are answered in a minute; try again later.");
        }
        FutureTask<T> task = new FutureTask<>(work);
        startAndRelease(task);
        try {
            return task.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new Exceeded(504, "There was no result within " + timeout.toSeconds() + " seconds.");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw (Error) e.getCause();
        } finally {
            task.cancel(true);
        }
    }

    /** Runs the work and releases its place afterwards, which may be some time after an interrupt. */
    private void startAndRelease(FutureTask<?> task) {
        boolean started = false;
        try {
            Thread.ofVirtual().name("webadmin-request").start(() -> {
                try {
                    task.run();
                } finally {
                    places.release();
                }
            });
            started = true;
        } finally {
            if (!started) {
                places.release();
            }
        }
    }

    private boolean isWithinRate() {
        Instant now = clock.instant();
        synchronized (starts) {
            while (!starts.isEmpty() && !starts.peekFirst().plus(WINDOW).isAfter(now)) {
                starts.removeFirst();
            }
            if (starts.size() >= perMinute) {
                return false;
            }
            starts.addLast(now);
            return true;
        }
    }
}
