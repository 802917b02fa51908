package jamestls.tlsrpt.store;

import jamestls.config.Parameters;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.storage.Migrations;
import java.time.Clock;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/**
 * All stores of one database, or all stores in memory. Must be closed.
 *
 * @param tallies counters of sessions
 * @param reports delivery records of reports
 * @param destinations limits and suppressions of destinations
 * @param database the database; empty for stores in memory
 */
public record Stores(TallyStore tallies, ReportStore reports, DestinationStore destinations, Optional<Database> database)
    implements AutoCloseable {

    /** The tables of all stores, for {@code Database.open}. */
    public static final List<Migrations> MIGRATIONS =
        List.of(TallySchema.MIGRATIONS, SqlDestinationStore.MIGRATIONS, SessionTotals.MIGRATIONS);
    private static final int RECORDS_IN_MEMORY = 10_000;

    /**
     * Opens the stores.
     *
     * @param address the database; empty for stores in memory, which a restart empties
     */
    public static Stores open(Optional<DatabaseAddress> address, Clock clock) {
        return address.map(database -> Database.open(database, MIGRATIONS, clock))
            .map(Stores::in)
            .orElseGet(() -> new Stores(new MemoryTallyStore(TallyLimits.DEFAULT), new MemoryReportStore(RECORDS_IN_MEMORY),
                new MemoryDestinationStore(), Optional.empty()));
    }

    /**
     * The stores in an open database.
     *
     * @param database with all {@link #MIGRATIONS}; closed by {@link #close}
     */
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

    /**
     * Settings of the stores.
     *
     * @param database the database; empty for memory
     * @param retentionDays number of days before today whose counts and records are kept, 3 to 366
     */
    public record Settings(Optional<DatabaseAddress> database, int retentionDays) {

        private static final int MIN = 3;
        private static final int MAX = 366;

        /** Reads the parameter {@code retention} and those of the database. */
        public static Settings of(Parameters parameters) {
            // separate from the file of the policies, because it is larger, is written more often, and its loss does less harm
            return new Settings(DatabaseAddress.of(parameters, "file://var/tlsreports.sqlite"),
                parameters.read("retention", "14d", "days from " + MIN + " to " + MAX + ", for example '14d'", Settings::days));
        }

        private static int days(String text) {
            int days = Integer.parseInt(text.replaceFirst("\\s*(d|days?)$", ""));
            if (days < MIN || days > MAX) {
                throw new NumberFormatException();
            }
            return days;
        }
    }
}
