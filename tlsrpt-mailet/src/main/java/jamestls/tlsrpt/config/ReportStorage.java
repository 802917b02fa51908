package jamestls.tlsrpt.config;

import jakarta.mail.MessagingException;
import jamestls.config.Parameters;
import java.util.List;

/**
 * Where counts and records are kept, and how long.
 *
 * @param database {@code file://var/…}, {@code jdbc:postgresql://…} or {@code memory}
 * @param user for PostgreSQL, empty to take the one in the URL
 * @param password for PostgreSQL, empty likewise
 * @param retentionDays days before today that are kept, 3 to 366; what is not reported by then will never be
 */
public record ReportStorage(String database, String user, String password, int retentionDays) {

    static final List<String> NAMES = List.of("database", "databaseUser", "databasePassword", "retention");
    private static final int MIN = 3;
    private static final int MAX = 366;

    static ReportStorage of(Parameters parameters) throws MessagingException {
        return new ReportStorage(
            // not the file of the policies: this one is large, changes all the time, and may be lost with less harm
            parameters.text("database").orElse("file://var/tlsreports.sqlite"),
            parameters.text("databaseUser").orElse(""),
            parameters.text("databasePassword").orElse(""),
            retention(parameters));
    }

    private static int retention(Parameters parameters) throws MessagingException {
        String value = parameters.text("retention").orElse("14d");
        String days = value.replaceFirst("\\s*(d|days?)$", "");
        if (!days.matches("[0-9]{1,3}") || Integer.parseInt(days) < MIN || Integer.parseInt(days) > MAX) {
            throw parameters.invalid("retention", value, "days from " + MIN + " to " + MAX + ", for example '14d'");
        }
        return Integer.parseInt(days);
    }

    @Override
    public String toString() {
        return "ReportStorage[" + database.replaceFirst("\\?.*", "") + ", retentionDays=" + retentionDays + "]";
    }
}
