package jamestls.tlsrpt.store;

import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.storage.Migrations;
import java.time.Clock;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/**
 * All stores of one database, or of memory. Whoever opens them closes them.
 *
 * @param tallies counters
 * @param reports records
 * @param destinations limits
 * @param database where they are; empty if they are in memory
 */
public record Stores(TallyStore tallies, ReportStore reports, DestinationStore destinations, Optional<Database> database)
    implements AutoCloseable {

    /** All tables, for {@code Database.open}. */
    public static final List<Migrations> MIGRATIONS = List.of(TallySchema.MIGRATIONS, SqlDestinationStore.MIGRATIONS);
    private static final int RECORDS_IN_MEMORY = 10_000;

    /** @param address empty for memory: a restart forgets everything */
    public static Stores open(Optional<DatabaseAddress> address, Clock clock) {
        return address.map(place -> Database.open(place, MIGRATIONS, clock))
            .map(Stores::in)
            .orElseGet(() -> new Stores(new MemoryTallyStore(TallyLimits.DEFAULT), new MemoryReportStore(RECORDS_IN_MEMORY),
                new MemoryDestinationStore(), Optional.empty()));
    }

    /** @param database with all {@link #MIGRATIONS}; closed by {@link #close} */
    public static Stores in(Database database) {
        return new Stores(new SqlTallyStore(database, TallyLimits.DEFAULT), new SqlReportStore(database),
            new SqlDestinationStore(database), Optional.of(database));
    }

    /** Deletes counts and records of days before {@code firstKept}. */
    public void forget(LocalDate firstKept) {
        tallies.forget(firstKept);
        reports.forget(firstKept);
        destinations.forget(firstKept);
    }

    @Override
    public void close() {
        database.ifPresent(Database::close);
    }
}
