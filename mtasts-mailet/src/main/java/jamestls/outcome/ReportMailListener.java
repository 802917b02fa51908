package jamestls.outcome;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/**
 * Learns what becomes of mails that carry TLS reports. Implementations must be quick; what they throw is logged and goes no further,
 * because no mail may wait on reporting.
 */
public interface ReportMailListener {

    /** A report mail begins its first attempt to leave. */
    default void leaving(LeavingReport report) {
        // for listeners to whom only losses matter
    }

    /** A report mail was lost on its way. */
    default void lost(LostReport report) {
        // for listeners to whom only departures matter
    }

    /** Names of the mail attributes by which the reporting mailet tells the delivery mailet about a report mail. */
    final class Attributes {

        /** Boolean, true on report mails: their sessions are not counted (RFC 8460 §3). */
        public static final String REPORT = "jamestls.report";
        /** Long: the time at which the mail is dropped without a bounce, in milliseconds since 1970. */
        public static final String EXPIRES = "jamestls.expires";
        /** String: the report-id (RFC 8460 §4.4). */
        public static final String REPORT_ID = "jamestls.report-id";

        private Attributes() {
        }
    }

    /**
     * A mail with a TLS report that is about to leave this server, in the form in which it does.
     *
     * @param mail James's name of the mail
     * @param sender the reverse path; empty for the null one
     * @param content header and body; to be read before the listener returns, if at all
     */
    public record LeavingReport(String mail, Optional<String> sender, Content content) {

        /** What the mail consists of. */
        @FunctionalInterface
        public interface Content {

            /** Writes all of it. */
            void writeTo(OutputStream out) throws IOException;
        }
    }

    /**
     * A mail with a TLS report that will not arrive. Nobody gets a bounce about it: whoever makes the reports learns it here.
     *
     * @param mail James's name of the mail
     * @param recipient its mail address
     * @param reportId of the report in it, if its maker said so
     * @param reason what kind of end it was
     * @param why one line
     */
    public record LostReport(String mail, String recipient, Optional<String> reportId, Reason reason, String why) {

        /** How a report mail ends. */
        public enum Reason {
            /** The recipient's server said no for good: the mailbox is not there, or does not want it. */
            REFUSED,
            /** It found no server to take it in its time (RFC 8460 §5.5), or used up its retries. */
            EXPIRED
        }
    }
}
