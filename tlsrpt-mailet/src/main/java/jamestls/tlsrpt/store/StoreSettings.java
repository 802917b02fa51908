package jamestls.tlsrpt.store;

import jamestls.config.Parameters;
import jamestls.storage.DatabaseAddress;
import java.util.Optional;

/**
 * Where counts and records are kept, and how long.
 *
 * @param database where; empty for memory
 * @param retentionDays days before today that are kept, 3 to 366; what is not reported by then will never be
 */
public record StoreSettings(Optional<DatabaseAddress> database, int retentionDays) {

    private static final int MIN = 3;
    private static final int MAX = 366;

    /** Reads the parameter {@code retention} and those of the database. */
    public static StoreSettings of(Parameters parameters) {
        // not the file of the policies: this one is large, changes all the time, and may be lost with less harm
        return new StoreSettings(DatabaseAddress.of(parameters, "file://var/tlsreports.sqlite"),
            parameters.read("retention", "14d", "days from " + MIN + " to " + MAX + ", for example '14d'", StoreSettings::days));
    }

    private static int days(String text) {
        int days = Integer.parseInt(text.replaceFirst("\\s*(d|days?)$", ""));
        if (days < MIN || days > MAX) {
            throw new NumberFormatException();
        }
        return days;
    }
}
