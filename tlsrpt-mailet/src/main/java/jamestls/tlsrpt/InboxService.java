package jamestls.tlsrpt;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.mail.MessagingException;
import jamestls.outcome.OwnDomainEvents;
import jamestls.outcome.TlsOutcomes;
import jamestls.page.PageContent;
import jamestls.page.PageContents;
import jamestls.tlsrpt.inbox.Inbox;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;

/**
 * Shares one {@link Inbox} between all {@code TlsReportInbox} entries of mailetcontainer.xml. Guice creates a single instance for all
 * mailets. This class must never depend on {@code MailetConfig}, otherwise each mailet would get its own instance.
 */
@Singleton
public final class InboxService {

    private final TlsOutcomes outcomes;
    private final OwnDomainEvents events;
    private final PageContents page;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private Optional<Inbox> running = Optional.empty();
    private Optional<PageContent> content = Optional.empty();
    private Map<String, String> parameters = Map.of();
    private int users;

    @Inject
    public InboxService(TlsOutcomes outcomes, OwnDomainEvents events, PageContents page, Clock clock) {
        this.outcomes = outcomes;
        this.events = events;
        this.page = page;
        this.clock = clock;
    }

    /**
     * Registers one mailet as a user of the inbox; the first call starts it.
     *
     * @param written the mailet's parameters, by name
     * @param factory creates the inbox if none is running
     * @throws MessagingException if the inbox is running with other parameters
     */
    Inbox join(Map<String, String> written, BiFunction<OwnDomainEvents, TlsOutcomes, Inbox> factory) throws MessagingException {
        lock.lock();
        try {
            if (running.isPresent() && !parameters.equals(written)) {
                throw new MessagingException("There is another TlsReportInbox in mailetcontainer.xml with different parameters. "
                    + "All TlsReportInbox entries of a server share one configuration: use the same parameters in each, or remove one.");
            }
            if (running.isEmpty()) {
                Inbox inbox = factory.apply(events, outcomes);
                inbox.start(outcomes);
                running = Optional.of(inbox);
                content = Optional.of(new InboxPage(inbox, events, clock));
                page.add(content.get());
                parameters = Map.copyOf(written);
            }
            users++;
            return running.get();
        } finally {
            lock.unlock();
        }
    }

    /** Unregisters one mailet; the last call stops the inbox. Call it once for each {@link #join} that returned. */
    void leave() {
        Optional<Inbox> stopped = Optional.empty();
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
        // outside the lock: stop() waits for a round in progress
        stopped.ifPresent(inbox -> inbox.stop(outcomes));
    }

    /** The running inbox; empty if no mailet uses it. */
    public Optional<Inbox> running() {
        lock.lock();
        try {
            return running;
        } finally {
            lock.unlock();
        }
    }
}
