package jamestls.mtasts.waiting;

import jakarta.mail.MessagingException;
import jamestls.net.SanitizedLogger;
import jamestls.storage.StorageOutage;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** Whether something that waiting mails need fails at present. Begin and end are logged, once a minute at most. Thread-safe. */
final class Outage {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(Outage.class);

    private static final long MIN_BETWEEN_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final String what;
    private final AtomicReference<String> why = new AtomicReference<>();
    private final AtomicLong warnedAt = new AtomicLong(System.nanoTime() - MIN_BETWEEN_NANOS);

    /** @param what the subject of log lines and problems */
    Outage(String what) {
        this.what = what;
    }

    /** Runs a step and notes whether it succeeded. */
    <T> T during(Callable<T> step) throws MessagingException {
        try {
            T result = step.call();
            over();
            return result;
        } catch (MessagingException | RuntimeException | Error e) {
            began(e);
            throw e;
        } catch (Exception e) {
            began(e);
            throw new MessagingException(what + " failed", e);
        }
    }

    void began(Throwable e) {
        if (why.getAndSet(e.toString()) == null) {
            long now = System.nanoTime();
            long last = warnedAt.get();
            if (e instanceof StorageOutage || now - last < MIN_BETWEEN_NANOS || !warnedAt.compareAndSet(last, now)) {
                // the database warns of its outage; one mail that can't be stored fails again and again between others
                LOGGER.info("{} fails, trying again: {}", what, e.toString());
            } else {
                LOGGER.warn("{} fails, trying again: {}", what, e.toString());
            }
        }
    }

    void over() {
        if (why.get() != null && why.getAndSet(null) != null) {
            LOGGER.info("{} works again", what);
        }
    }

    Optional<String> problem() {
        return Optional.ofNullable(why.get()).map(reason -> what + " fails: " + reason);
    }
}
