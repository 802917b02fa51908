package jamestls.tlsrpt;

import jamestls.mtasts.dns.Dns;
import jamestls.mtasts.outcome.TlsOutcomes;
import jamestls.tlsrpt.collect.Tally;
import jamestls.tlsrpt.config.ReportingConfiguration;
import jamestls.tlsrpt.send.ReportLog;
import jamestls.tlsrpt.send.ReportNow;
import jamestls.tlsrpt.send.ReportRun;
import jamestls.tlsrpt.send.ReportTimer;
import jamestls.tlsrpt.send.Transports;
import jamestls.tlsrpt.store.MemoryReportStore;
import jamestls.tlsrpt.store.MemoryTallyStore;
import jamestls.tlsrpt.store.TallyLimits;
import jamestls.tlsrpt.store.TallyStore;
import java.time.Clock;
import java.time.Duration;
import org.apache.james.metrics.api.MetricFactory;

/** All rooms of this module put together: what counts, what sends, and the timer between them. */
final class Reporting {

    private static final Duration TIMER_PAUSE = Duration.ofSeconds(30);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int RECORDS_KEPT = 10_000;

    private final ReportingConfiguration configuration;
    private final Tally tally;
    private final ReportTimer timer;
    private final ReportNow now;
    private final Runnable release;

    /** @param release lets go of what DNS and transports hold, once nothing uses them any more */
    Reporting(ReportingConfiguration configuration, Dns dns, Transports transports, Runnable release, MetricFactory metrics, Clock clock) {
        TallyStore tallies = new MemoryTallyStore(TallyLimits.DEFAULT);
        ReportRun run = new ReportRun(configuration.reporter(), tallies, new MemoryReportStore(RECORDS_KEPT), dns, transports,
            new ReportLog(metrics), clock);
        this.configuration = configuration;
        this.tally = new Tally(tallies, metrics);
        this.timer = new ReportTimer(run, configuration.schedule(), clock, TIMER_PAUSE);
        this.now = new ReportNow(run);
        this.release = release;
    }

    ReportingConfiguration configuration() {
        return configuration;
    }

    ReportNow now() {
        return now;
    }

    void start(TlsOutcomes outcomes) {
        outcomes.subscribe(tally);
        timer.start();
    }

    void stop(TlsOutcomes outcomes) {
        outcomes.unsubscribe(tally);
        timer.stop(PATIENCE);
        now.stop(PATIENCE);
        release.run();
    }
}
