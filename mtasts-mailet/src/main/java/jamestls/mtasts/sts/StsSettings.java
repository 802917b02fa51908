package jamestls.mtasts.sts;

import jamestls.config.Parameters;
import jamestls.storage.DatabaseAddress;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * The settings of MTA-STS.
 *
 * @param database the database of policies; empty for memory
 * @param unusedAfter policies of domains without mail for longer are not refreshed; they apply until they expire
 * @param port the port of all policy hosts; only tests use another than 443
 * @param fetchTimeout the limit of a whole fetch, from the address look-up to the last byte
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
