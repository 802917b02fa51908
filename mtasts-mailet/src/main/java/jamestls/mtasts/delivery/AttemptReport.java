package jamestls.mtasts.delivery;

import jamestls.dns.DomainName;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.policy.Verdict;
import jamestls.mtasts.sts.StsLookup;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.CountedSession;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.smtp.TlsObservation;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Collects the outcomes of one delivery attempt for the TLS reports (RFC 8460). docs/reference/counting.md has the counting rules.
 * Used by one thread.
 */
final class AttemptReport {

    private final OutboundMail mail;
    private final Clock clock;
    private final List<TlsOutcome> outcomes = new ArrayList<>();
    /** Hosts that were skipped before connecting: counted with the next session of the attempt, or without one at its end. */
    private final List<TlsOutcome> skippedHosts = new ArrayList<>();
    /** A fetch of the policy that failed, and the policy that applied all the same. */
    private Optional<StsLookup.Found> afterFailedFetch = Optional.empty();
    private boolean sessionSeen;

    AttemptReport(OutboundMail mail, Clock clock) {
        this.mail = mail;
        this.clock = clock;
    }

    /**
     * What was counted for one connection: it counts once per recipient domain and reporting identity of the sender.
     *
     * @param skipped one for each host that was skipped before this connection was used; it counts as often as the connection does
     */
    record SessionCounts(CountedSession session, CountedSession mails, ConcurrentMap<DomainName, CountedSession> skipped) {

        /** A connection carries mail for few domains; a host beyond is counted with each mail that is the first of its kind. */
        private static final int MAX_SKIPPED = 1_000;

        SessionCounts() {
            this(new CountedSession(), new CountedSession(), new ConcurrentHashMap<>());
        }

        /**
         * Whether this is the first mail from one domain to the other on the connection. The second call with the same domains returns
         * false. The sink of outcomes knows which sending domains share an identity.
         */
        private boolean isFirstMail(Optional<DomainName> sendingDomain, DomainName recipientDomain) {
            return mails.enter(List.of(recipientDomain, sendingDomain));
        }

        /** The outcome of a skipped host as one that belongs to this connection. */
        private TlsOutcome withConnection(TlsOutcome host) {
            Optional<CountedSession> counted = host.peer().mxHost().filter(name -> skipped.size() < MAX_SKIPPED)
                .map(name -> skipped.computeIfAbsent(name, first -> new CountedSession()));
            return new TlsOutcome(host.at(), host.recipientDomain(), host.peer(), host.verdicts(), host.sendingDomain(), counted);
        }
    }

    /** Starts the round of hosts under this policy and forgets the hosts skipped under an older one. */
    void apply(StsLookup lookup) {
        skippedHosts.clear();
        if (lookup instanceof StsLookup.Found found && found.failedFetch().isPresent()) {
            afterFailedFetch = Optional.of(found);
        }
    }

    /** Adds a host that the policy forbids, without a connection. */
    void skipped(MxHost host, Verdict verdict) {
        add(skippedHosts, Peer.named(host.name()), verdict.forReport(), Optional.empty());
    }

    /** Adds a failed look-up of the MX records, if DNSSEC is the cause. */
    void hostsUnknown(Destination.Unknown unknown) {
        if (unknown.cause() == Destination.Cause.BOGUS && mail.tlsRequest() != SenderTlsRequest.WAIVED) {
            add(skippedHosts, Peer.unknown(), List.of(new PolicyVerdict.Violated(TlsaSet.unknown(mail.domain()),
                List.of(new Violation(ResultType.DNSSEC_INVALID, unknown.reason())))), Optional.empty());
        }
    }

    /** Adds a session: a new one, or one opened for another mail that carried this mail. */
    void count(TlsObservation seen, Verdict verdict, SessionCounts counts) {
        if (verdict.forReport().isEmpty()) {
            return;
        }
        sessionSeen = true;
        if (mail.handling().reporting() == OutboundMail.Reporting.NOT_COUNTED) {
            return;
        }
        boolean isFirst = counts.isFirstMail(sendingDomain(), mail.domain());
        if (isFirst) {
            skippedHosts.forEach(host -> outcomes.add(counts.withConnection(host)));
        }
        skippedHosts.clear();
        afterFailedFetch.ifPresent(this::countFailedFetch);
        if (isFirst) {
            add(outcomes, new Peer(seen.sendingIp(), Optional.of(seen.mxHost()), seen.helo(), Optional.of(seen.receivingIp())),
                verdict.forReport(), Optional.of(counts.session()));
        }
    }

    /** RFC 8461 §6: a fetch that fails while a cached policy applies is reported, too: once, beside the session. */
    private void countFailedFetch(StsLookup.Found found) {
        found.failedFetch().filter(failed -> failed.enterReport(clock.instant())).ifPresent(failed -> add(outcomes, Peer.unknown(),
            List.of(new PolicyVerdict.Violated(found.policy().applied(mail.domain()), List.of(failed.problem()))), Optional.empty()));
        afterFailedFetch = Optional.empty();
    }

    /** The outcomes to report; empty for mails that are not counted. */
    List<TlsOutcome> outcomes() {
        List<TlsOutcome> all = new ArrayList<>(sessionSeen ? List.of() : skippedHosts);
        all.addAll(outcomes);
        return all;
    }

    private void add(List<TlsOutcome> to, Peer peer, List<PolicyVerdict> verdicts, Optional<CountedSession> session) {
        // RFC 8460 §3: the session that carries a report stays out of the next one
        if (!verdicts.isEmpty() && mail.handling().reporting() == OutboundMail.Reporting.COUNTED) {
            to.add(new TlsOutcome(clock.instant(), mail.domain(), peer, verdicts.stream().map(AttemptReport::publicText).toList(),
                sendingDomain(), session));
        }
    }

    private static PolicyVerdict publicText(PolicyVerdict verdict) {
        return switch (verdict) {
            case PolicyVerdict.Met met -> met;
            case PolicyVerdict.Violated violated -> new PolicyVerdict.Violated(violated.policy(), violated.violations().stream()
                .map(fault -> new Violation(fault.type(), HostFailures.publicText(fault.reason()))).toList());
        };
    }

    private Optional<DomainName> sendingDomain() {
        return mail.sender().flatMap(sender -> DomainName.parse(sender.getDomain().asString()));
    }
}
