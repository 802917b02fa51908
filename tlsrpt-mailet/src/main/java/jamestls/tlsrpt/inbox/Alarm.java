package jamestls.tlsrpt.inbox;

import jamestls.dns.DomainName;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;

/**
 * Something that administrators should know within minutes; once for each cause and UTC day.
 *
 * @param domain the recipient domain, or the domain of ours that reports are about
 * @param cause distinguishes the alarms of a domain and direction
 * @param text one line of printable ASCII
 */
public record Alarm(Instant at, Direction direction, DomainName domain, String cause, String text) {

    /** Whose mail is concerned. */
    public enum Direction {
        /** Mail of this server to other domains. */
        OUTBOUND,
        /** Mail of others to domains of this server. */
        INBOUND
    }

    public LocalDate day() {
        return at.atZone(ZoneOffset.UTC).toLocalDate();
    }
}
