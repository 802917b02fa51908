package jamestls.outcome;

import java.util.Optional;

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
