package jamestls.tlsrpt.store;

import java.time.Clock;
import java.time.ZoneOffset;

/** How long counts and records are kept. */
public final class Retention {

    private final TallyStore tallies;
    private final ReportStore reports;
    private final int days;
    private final Clock clock;

    /** @param days before today that are kept */
    public Retention(TallyStore tallies, ReportStore reports, int days, Clock clock) {
        this.tallies = tallies;
        this.reports = reports;
        this.days = days;
        this.clock = clock;
    }

    /** Drops what is older. */
    public void enforce() {
        var firstKept = clock.instant().atZone(ZoneOffset.UTC).toLocalDate().minusDays(days);
        tallies.forget(firstKept);
        reports.forget(firstKept);
    }
}
