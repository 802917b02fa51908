package jamestls.config;

import jakarta.mail.MessagingException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;

/**
 * Where policies are kept, and how long they are looked after.
 *
 * @param database {@code file://var/…}, {@code jdbc:postgresql://…} or {@code memory}
 * @param user for PostgreSQL, empty to take the one in the URL
 * @param password for PostgreSQL, empty likewise
 * @param unusedAfter policies of domains no mail went to for longer are not refreshed any more; they apply until they expire
 */
public record PolicyStorage(String database, String user, String password, Duration unusedAfter) {

    static PolicyStorage of(Parameters parameters) throws MessagingException {
        return new PolicyStorage(
            parameters.text("database").orElse("file://var/jamestls.sqlite"),
            parameters.text("databaseUser").orElse(""),
            parameters.text("databasePassword").orElse(""),
            parameters.duration("policyUnusedAfter", Duration.ofDays(30), ChronoUnit.DAYS, Duration.ofHours(1), Duration.ofDays(366)));
    }

    @Override
    public String toString() {
        return "PolicyStorage[" + database.replaceFirst("\\?.*", "") + ", unusedAfter=" + unusedAfter + "]";
    }
}
