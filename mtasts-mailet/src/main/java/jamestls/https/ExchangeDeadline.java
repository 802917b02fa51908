package jamestls.https;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The one deadline of an exchange. When it passes, the socket in use is closed under whatever is blocked in it: connect,
 * handshake, a header or a body that comes drop by drop. Per-read time-outs cannot do that, a drop resets them.
 */
final class ExchangeDeadline implements AutoCloseable {

    private final long end;
    private final ScheduledFuture<?> alarm;
    private final ReentrantLock lock = new ReentrantLock();
    private Socket current;
    private boolean over;

    ExchangeDeadline(Duration duration, ScheduledExecutorService timer) {
        this.end = System.nanoTime() + duration.toNanos();
        this.alarm = timer.schedule(this::abort, duration.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** From now on it is this socket that gets closed; at once if the time has passed. */
    void watch(Socket socket) {
        lock.lock();
        try {
            current = socket;
            if (over) {
                closeQuietly(socket);
            }
        } finally {
            lock.unlock();
        }
    }

    /** What is left; zero when it has passed or was aborted. */
    Duration left() {
        return hasPassed() ? Duration.ZERO : Duration.ofNanos(Math.max(0, end - System.nanoTime()));
    }

    boolean hasPassed() {
        lock.lock();
        try {
            return over || System.nanoTime() - end >= 0;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the exchange as if the time had passed. */
    void abort() {
        lock.lock();
        try {
            over = true;
            if (current != null) {
                closeQuietly(current);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The exchange is done: no alarm, no socket. */
    @Override
    public void close() {
        alarm.cancel(false);
        abort();
    }

    /** Of a plain socket, so nothing is sent and nothing blocks. */
    private static void closeQuietly(Socket plain) {
        try {
            plain.close();
        } catch (IOException alreadyBroken) {
            // the socket is as good as closed, and whoever is blocked in it hears of it
            return;
        }
    }
}
