package jamestls.tlsrpt.store;

import java.time.Clock;
import java.time.ZoneOffset;

/** How long counts and records are kept. */
public final class Retention {

    private final Stores stores;
    private final int days;
    private final Clock clock;

    /** @param days before today that are kept */
    public Retention(Stores stores, int days, Clock clock) {
        this.stores = stores;
        this.days = days;
        this.clock = clock;
    }

    /** Drops what is older. */
    public void enforce() {
        var firstKept = clock.instant().atZone(ZoneOffset.UTC).toLocalDate().minusDays(days);
        stores.tallies().forget(firstKept);
        stores.reports().forget(firstKept);
        stores.destinations().forget(firstKept);
    }
}
