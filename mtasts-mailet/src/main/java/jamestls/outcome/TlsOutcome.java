package jamestls.outcome;

import jamestls.dns.DomainName;
import jamestls.net.Sanitized;
import java.net.InetAddress;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The result of one TLS session, or of an attempt, under every policy that was evaluated for one recipient domain. Sessions with a TLS
 * report and mails that waive TLS have no outcome (RFC 8460 §3).
 *
 * @param at when it was judged; its UTC day is the day it is reported under
 * @param recipientDomain where the report goes (RFC 8460 §3: looked up at {@code _smtp._tls} below it)
 * @param peer both ends, as far as known
 * @param verdicts one per policy evaluated, at least one
 * @param sendingDomain of the reverse path of the mail; empty for a bounce
 * @param session the connection; all outcomes with the same one are about that connection, which counts once in each report. A
 *     host that was skipped before the connection was used has one of its own, which counts as often. Empty if no connection followed,
 *     and for a policy that could not be fetched: such an outcome always counts
 */
public record TlsOutcome(Instant at, DomainName recipientDomain, Peer peer, List<PolicyVerdict> verdicts,
                         Optional<DomainName> sendingDomain, Optional<CountedSession> session) {

    /** An outcome without sending domain and connection. */
    public TlsOutcome(Instant at, DomainName recipientDomain, Peer peer, List<PolicyVerdict> verdicts) {
        this(at, recipientDomain, peer, verdicts, Optional.empty());
    }

    /** An outcome without connection. */
    public TlsOutcome(Instant at, DomainName recipientDomain, Peer peer, List<PolicyVerdict> verdicts, Optional<DomainName> sendingDomain) {
        this(at, recipientDomain, peer, verdicts, sendingDomain, Optional.empty());
    }

    public TlsOutcome {
        verdicts = List.copyOf(verdicts);
        if (verdicts.isEmpty()) {
            throw new IllegalArgumentException("an outcome needs at least one verdict");
        }
    }

    /** The result of one session under one policy. */
    public sealed interface PolicyVerdict {

        AppliedPolicy policy();

        /** TLS was negotiated as the policy asks (RFC 8460 §4.2.1). */
        record Met(AppliedPolicy policy) implements PolicyVerdict {
        }

        /**
         * TLS did not satisfy the policy (RFC 8460 §4.2.2). One failed session, whatever the number of violations.
         *
         * @param violations at least one; types are not exclusive (RFC 8460 §4)
         */
        record Violated(AppliedPolicy policy, List<Violation> violations) implements PolicyVerdict {
            public Violated {
                violations = List.copyOf(violations);
                if (violations.isEmpty()) {
                    throw new IllegalArgumentException("a violated policy needs at least one violation");
                }
            }
        }
    }

    /**
     * The two ends of a session, as far as known. A policy that could not be fetched has no peer; a host that the policy does not list
     * has a name but no address.
     *
     * @param sendingIp our end of the connection
     * @param mxHost the MX host tried
     * @param helo the name in the server's EHLO reply, sanitized to printable ASCII, at most 255 characters
     * @param receivingIp the server's address
     */
    public record Peer(Optional<InetAddress> sendingIp, Optional<DomainName> mxHost, Optional<String> helo,
                       Optional<InetAddress> receivingIp) {

        private static final int MAX_HELO = 255;

        public Peer {
            helo = helo.map(Peer::clean).filter(name -> !name.isEmpty());
        }

        /** No server was reached or even chosen. */
        public static Peer unknown() {
            return new Peer(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
        }

        /** A host that was considered but not connected to. */
        public static Peer named(DomainName mxHost) {
            return new Peer(Optional.empty(), Optional.of(mxHost), Optional.empty(), Optional.empty());
        }

        private static String clean(String text) {
            return Sanitized.ascii(text, MAX_HELO).replace(' ', '?');
        }
    }

    /**
     * The reports in which one connection was counted, so that it counts once in each, however many mails it carries. One object belongs to
     * one connection and is in all outcomes of it. Safe for use by many threads.
     */
    public static final class CountedSession {

        /** A bound far above the number of mails that one connection carries. */
        private static final int MAX_REPORTS = 1_000;

        private final Set<Object> reports = HashSet.newHashSet(2);

        /**
         * Records that the connection is counted in a report.
         *
         * @param report identifies the report, by equality
         * @return whether it was not counted there before
         */
        public synchronized boolean enter(Object report) {
            return reports.size() < MAX_REPORTS && reports.add(report);
        }
    }
}
