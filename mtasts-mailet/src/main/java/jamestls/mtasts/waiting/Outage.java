package jamestls.mtasts.waiting;

import jakarta.mail.MessagingException;
import jamestls.net.SanitizedLogger;
import jamestls.storage.StorageOutage;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;

/** Whether something that waiting mails need fails at present. Begin and end are logged once each. Thread-safe. */
final class Outage {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(Outage.class);

    private final String what;
    private final AtomicReference<String> why = new AtomicReference<>();

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
            if (e instanceof StorageOutage) {
                // of which the database warns
                LOGGER.info("{} fails, trying again", what);
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
