package jamestls.outcome;

import jamestls.dns.DomainName;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How one TLS session, or the attempt at one, did under every policy that was evaluated for it on behalf of one recipient domain. A
 * session that carries a TLS report and a mail that waives TLS give none (RFC 8460 §3).
 *
 * @param at when it was judged; its UTC day is the day it is reported under
 * @param recipientDomain where the report goes (RFC 8460 §3: looked up at {@code _smtp._tls} below it)
 * @param peer both ends, as far as known
 * @param verdicts one per policy evaluated, at least one
 * @param sendingDomain of the reverse path of the mail; empty for a bounce
 * @param session the connection; all outcomes with the same one are about that connection, which counts once in each report. Empty if
 *     there was none: a host that was skipped before connecting, a policy that could not be fetched. Such an outcome always counts
 */
public record TlsOutcome(Instant at, DomainName recipientDomain, Peer peer, List<PolicyVerdict> verdicts,
                         Optional<DomainName> sendingDomain, Optional<CountedSession> session) {

    /** Of a session whose sender does not matter, and that is not reused. */
    public TlsOutcome(Instant at, DomainName recipientDomain, Peer peer, List<PolicyVerdict> verdicts) {
        this(at, recipientDomain, peer, verdicts, Optional.empty());
    }

    /** Of a session that is not reused, or of none. */
    public TlsOutcome(Instant at, DomainName recipientDomain, Peer peer, List<PolicyVerdict> verdicts, Optional<DomainName> sendingDomain) {
        this(at, recipientDomain, peer, verdicts, sendingDomain, Optional.empty());
    }

    public TlsOutcome {
        verdicts = List.copyOf(verdicts);
        if (verdicts.isEmpty()) {
            throw new IllegalArgumentException("an outcome has a verdict on at least one policy");
        }
    }
}
