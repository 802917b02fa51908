package jamestls.outcome;

import jamestls.dns.DomainName;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What became of one TLS session, or of the attempt at one, under every policy that was evaluated for it. A reused
 * connection, a session that carries a TLS report and a mail that waives TLS give none (RFC 8460 §3, §4).
 *
 * @param at when it ended; its UTC day is the day it is reported under
 * @param recipientDomain where the report goes (RFC 8460 §3: looked up at {@code _smtp._tls} below it)
 * @param peer both ends, as far as known
 * @param verdicts one per policy evaluated, at least one
 * @param sendingDomain of the reverse path of the mail that the session was opened for; empty for a bounce
 */
public record TlsOutcome(Instant at, DomainName recipientDomain, Peer peer, List<PolicyVerdict> verdicts,
                         Optional<DomainName> sendingDomain) {

    /** Of a session whose sender does not matter. */
    public TlsOutcome(Instant at, DomainName recipientDomain, Peer peer, List<PolicyVerdict> verdicts) {
        this(at, recipientDomain, peer, verdicts, Optional.empty());
    }

    public TlsOutcome {
        verdicts = List.copyOf(verdicts);
        if (verdicts.isEmpty()) {
            throw new IllegalArgumentException("an outcome has a verdict on at least one policy");
        }
    }
}
