package jamestls.mtasts.sts;

import jamestls.config.Parameters;
import jamestls.storage.DatabaseAddress;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * Where policies are kept, how long they are refreshed, and how they are fetched.
 *
 * @param database where they are kept; empty for memory
 * @param unusedAfter policies of domains no mail went to for longer are not refreshed any more; they apply until they expire
 * @param port of all policy hosts; another one than 443 is for laboratories
 * @param fetchTimeout for a whole fetch, from the address look-up to the last byte
 */
public record StsSettings(Optional<DatabaseAddress> database, Duration unusedAfter, int port, Duration fetchTimeout) {

    /** Reads {@code policyUnusedAfter}, {@code policyPort}, {@code policyFetchTimeout} and the parameters of the database. */
    public static StsSettings of(Parameters parameters) {
        return new StsSettings(
            DatabaseAddress.of(parameters, "file://var/jamestls.sqlite"),
            parameters.duration("policyUnusedAfter", Duration.ofDays(30), ChronoUnit.DAYS, Duration.ofHours(1), Duration.ofDays(366)),
            parameters.number("policyPort", 443, 1, 65_535),
            parameters.duration("policyFetchTimeout", Duration.ofMinutes(1), ChronoUnit.SECONDS, Duration.ofSeconds(1),
                Duration.ofMinutes(1)));
    }
}
