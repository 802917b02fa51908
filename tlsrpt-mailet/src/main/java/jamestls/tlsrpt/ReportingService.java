package jamestls.tlsrpt;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.mail.MessagingException;
import jamestls.outcome.TlsOutcomes;
import jamestls.page.PageContent;
import jamestls.page.PageContents;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Shares one {@link Reporting} between all {@code TlsReporting} entries of mailetcontainer.xml. Guice creates a single instance for
 * all mailets. This class must never depend on {@code MailetConfig}, otherwise each mailet would get its own instance.
 */
@Singleton
public final class ReportingService {

    private final TlsOutcomes outcomes;
    private final PageContents page;
    private final ReentrantLock lock = new ReentrantLock();
    private Optional<Reporting> running = Optional.empty();
    private Optional<PageContent> content = Optional.empty();
    private Map<String, String> parameters = Map.of();
    private int users;

    @Inject
    public ReportingService(TlsOutcomes outcomes, PageContents page) {
        this.outcomes = outcomes;
        this.page = page;
    }

    /**
     * Registers one mailet as a user of the reporting; the first call starts it.
     *
     * @param written the mailet's parameters, by name
     * @param factory creates the reporting if none is running
     * @throws MessagingException if the reporting is running with other parameters
     */
    Reporting join(Map<String, String> written, Supplier<Reporting> factory) throws MessagingException {
        lock.lock();
        try {
            if (running.isPresent() && !parameters.equals(written)) {
                throw new MessagingException("There is another TlsReporting in mailetcontainer.xml with different parameters. "
                    + "All TlsReporting entries of a server share one configuration: use the same parameters in each, or remove one.");
            }
            if (running.isEmpty()) {
                Reporting reporting = factory.get();
                reporting.start(outcomes);
                running = Optional.of(reporting);
                content = Optional.of(reporting.page());
                page.add(content.get());
                parameters = Map.copyOf(written);
            }
            users++;
            return running.get();
        } finally {
            lock.unlock();
        }
    }

    /** Unregisters one mailet; the last call stops the reporting. Call it once for each {@link #join} that returned. */
    void leave() {
        Optional<Reporting> stopped = Optional.empty();
        lock.lock();
        try {
            users--;
            if (users == 0) {
                stopped = running;
                running = Optional.empty();
                content.ifPresent(page::remove);
            }
        } finally {
            lock.unlock();
        }
        // outside the lock: stop() waits for a report run in progress
        stopped.ifPresent(reporting -> reporting.stop(outcomes));
    }

    /** The running reporting; empty if no mailet uses it. */
    public Optional<Reporting> running() {
        lock.lock();
        try {
            return running;
        } finally {
            lock.unlock();
        }
    }
}
