package jamestls.tlsrpt.store;

import jamestls.mtasts.storage.Database;
import jamestls.mtasts.storage.DatabaseAddress;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/**
 * Both stores, in one place. Whoever opens them closes them.
 *
 * @param tallies counters
 * @param reports records
 * @param database where both are; empty if they are in memory
 */
public record Stores(TallyStore tallies, ReportStore reports, Optional<Database> database) implements AutoCloseable {

    private static final int RECORDS_IN_MEMORY = 10_000;

    /** @param address empty for memory: a restart forgets everything */
    public static Stores open(Optional<DatabaseAddress> address, Clock clock) {
        return address.map(place -> Database.open(place, List.of(TallySchema.MIGRATIONS), clock))
            .map(Stores::in)
            .orElseGet(() -> new Stores(new MemoryTallyStore(TallyLimits.DEFAULT), new MemoryReportStore(RECORDS_IN_MEMORY),
                Optional.empty()));
    }

    private static Stores in(Database database) {
        return new Stores(new SqlTallyStore(database, TallyLimits.DEFAULT), new SqlReportStore(database), Optional.of(database));
    }

    @Override
    public void close() {
        database.ifPresent(Database::close);
    }
}
