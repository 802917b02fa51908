package jamestls.tlsrpt;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.mail.MessagingException;
import jamestls.outcome.TlsOutcomes;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * The one reporting of a server, however many {@code TlsReporting} entries mailetcontainer.xml has. Nobody binds this class,
 * so Guice makes one for all mailets; it must never depend on {@code MailetConfig}, or each mailet would get its own.
 */
@Singleton
public final class ReportingService {

    private final TlsOutcomes outcomes;
    private final ReentrantLock lock = new ReentrantLock();
    private Optional<Reporting> running = Optional.empty();
    private Map<String, String> parameters = Map.of();
    private int users;

    @Inject
    public ReportingService(TlsOutcomes outcomes) {
        this.outcomes = outcomes;
    }

    /**
     * Joins the reporting, which the first mailet starts.
     *
     * @param written the mailet's parameters, by name
     * @param fresh makes it, if it is not there yet
     * @throws MessagingException when it runs with other parameters
     */
    Reporting join(Map<String, String> written, Supplier<Reporting> fresh) throws MessagingException {
        lock.lock();
        try {
            if (running.isPresent() && !parameters.equals(written)) {
                throw new MessagingException("There is another TlsReporting in mailetcontainer.xml with other parameters. "
                    + "A server reports once: give both the same parameters, or keep one.");
            }
            if (running.isEmpty()) {
                Reporting reporting = fresh.get();
                reporting.start(outcomes);
                running = Optional.of(reporting);
                parameters = Map.copyOf(written);
            }
            users++;
            return running.get();
        } finally {
            lock.unlock();
        }
    }

    /** The last one to leave ends the reporting. Call it once for each {@link #join} that returned. */
    void leave() {
        Optional<Reporting> ended = Optional.empty();
        lock.lock();
        try {
            users--;
            if (users == 0) {
                ended = running;
                running = Optional.empty();
            }
        } finally {
            lock.unlock();
        }
        // outside the lock, because it waits for a run that is under way
        ended.ifPresent(reporting -> reporting.stop(outcomes));
    }

    /** The reporting, if there is one. */
    Optional<Reporting> running() {
        lock.lock();
        try {
            return running;
        } finally {
            lock.unlock();
        }
    }
}
