package jamestls.tlsrpt;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.mail.MessagingException;
import jamestls.outcome.TlsOutcomes;
import jamestls.page.PageContent;
import jamestls.page.PageContents;
import jamestls.tlsrpt.send.TlsReportingSettings;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Shares one {@link Reporting} between all {@code TlsReporting} entries of mailetcontainer.xml. Guice creates a single instance for
 * all mailets. This class must never depend on {@code MailetConfig}, otherwise each mailet would get its own instance.
 */
@Singleton
public final class ReportingService {

    private final TlsOutcomes outcomes;
    private final PageContents page;
    private final SharedByMailets<Running> shared = new SharedByMailets<>(TlsReportingSettings.NAME, this::stop);

    /** The reporting and its part of the page. */
    private record Running(Reporting reporting, PageContent content) {
    }

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
        return shared.join(written, () -> started(factory.get())).reporting;
    }

    private Running started(Reporting reporting) {
        reporting.start(outcomes);
        Running running = new Running(reporting, reporting.page());
        page.add(running.content);
        return running;
    }

    private void stop(Running running) {
        page.remove(running.content);
        running.reporting.stop(outcomes);
    }

    /** Unregisters one mailet; the last call stops the reporting. Call it once for each {@link #join} that returned. */
    void leave() {
        shared.leave();
    }

    /** The running reporting; empty if no mailet uses it. */
    public Optional<Reporting> running() {
        return shared.running().map(Running::reporting);
    }
}
