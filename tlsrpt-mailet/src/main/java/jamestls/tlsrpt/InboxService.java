package jamestls.tlsrpt;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.mail.MessagingException;
import jamestls.outcome.OwnDomainEvents;
import jamestls.outcome.TlsOutcomes;
import jamestls.page.PageContent;
import jamestls.page.PageContents;
import jamestls.tlsrpt.inbox.Inbox;
import jamestls.tlsrpt.inbox.InboxSettings;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
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
    private final SharedByMailets<Running> shared = new SharedByMailets<>(InboxSettings.NAME, this::stop);

    /** The inbox and its part of the page. */
    private record Running(Inbox inbox, PageContent content) {
    }

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
        return shared.join(written, () -> started(factory.apply(events, outcomes))).inbox;
    }

    private Running started(Inbox inbox) {
        inbox.start(outcomes);
        Running running = new Running(inbox, new InboxPage(inbox, events, clock));
        page.add(running.content);
        return running;
    }

    private void stop(Running running) {
        page.remove(running.content);
        running.inbox.stop(outcomes);
    }

    /** Unregisters one mailet; the last call stops the inbox. Call it once for each {@link #join} that returned. */
    void leave() {
        shared.leave();
    }

    /** The running inbox; empty if no mailet uses it. */
    public Optional<Inbox> running() {
        return shared.running().map(Running::inbox);
    }
}
