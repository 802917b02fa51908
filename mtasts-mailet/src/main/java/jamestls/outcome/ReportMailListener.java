package jamestls.outcome;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/**
 * Is told when mails with TLS reports leave and when they are lost. Implementations must be fast; exceptions are logged and ignored,
 * because mail must not depend on reporting.
 */
public interface ReportMailListener {

    /** A report mail is about to be delivered for the first time. */
    default void leaving(LeavingReport report) {
        // optional
    }

    /** A report mail was lost. */
    default void lost(LostReport report) {
        // optional
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
     * A mail with a TLS report as it is about to be sent.
     *
     * @param mail James's name of the mail
     * @param sender the reverse path; empty for the null one
     * @param content header and body; may be read only until the listener returns
     */
    public record LeavingReport(String mail, Optional<String> sender, Content content) {

        /** The bytes of a mail. */
        @FunctionalInterface
        public interface Content {

            /** Writes the whole mail. */
            void writeTo(OutputStream out) throws IOException;
        }
    }

    /**
     * A mail with a TLS report that will not arrive. No bounce is sent; the listener is told instead.
     *
     * @param mail James's name of the mail
     * @param recipient the mail address
     * @param reportId the id of the report, if the mail has the attribute
     * @param reason why it was lost
     * @param why one line
     */
    public record LostReport(String mail, String recipient, Optional<String> reportId, Reason reason, String why) {

        /** Why a report mail was lost. */
        public enum Reason {
            /** The recipient's server refused it permanently. */
            REFUSED,
            /** No server accepted it before its expiry (RFC 8460 §5.5) or its last retry. */
            EXPIRED
        }
    }
}
