package jamestls.mtasts.delivery;

import jamestls.dns.DomainName;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.policy.Verdict;
import jamestls.mtasts.sts.StsLookup;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.outcome.CountedSession;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.smtp.TlsObservation;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What one attempt to deliver a mail adds to the TLS reports (RFC 8460). The rules are the table of docs/reference/counting.md. Used
 * by one thread.
 */
final class AttemptReport {

    private final OutboundMail mail;
    private final Clock clock;
    private final List<TlsOutcome> outcomes = new ArrayList<>();
    /** Hosts that were skipped before connecting: they count with the session that is then opened, or once for the attempt. */
    private final List<TlsOutcome> skippedHosts = new ArrayList<>();
    /** A policy that could not be refreshed: it counts once with the session the mail went over. */
    private final List<TlsOutcome> refreshProblems = new ArrayList<>();
    private boolean sessionSeen;

    AttemptReport(OutboundMail mail, Clock clock) {
        this.mail = mail;
        this.clock = clock;
    }

    /** Whose mails one connection has carried: it counts once for each recipient domain and sender's identity. */
    record SessionCounts(CountedSession session, CountedSession mails) {

        SessionCounts() {
            this(new CountedSession(), new CountedSession());
        }

        /** Whether no mail to that domain has counted on this connection; from now on one has. */
        private boolean isFirstMailTo(DomainName recipientDomain) {
            return mails.enter(recipientDomain);
        }

        /** The same for mails from that domain. Which sending domains share an identity, the collector of outcomes knows. */
        private boolean isFirstMailTo(DomainName recipientDomain, Optional<DomainName> sendingDomain) {
            return mails.enter(List.of(recipientDomain, sendingDomain));
        }

        /** Whether these problems with the policy have not counted on this connection; from now on they have. */
        private boolean isFirstMailUnder(List<TlsOutcome> problems) {
            return mails.enter(problems.stream().map(TlsOutcome::verdicts).toList());
        }
    }

    /** From here on the hosts are tried under this policy; those skipped under an older one no longer count. */
    void apply(StsLookup lookup) {
        skippedHosts.clear();
        if (lookup instanceof StsLookup.Found found && found.policy().mode() != StsPolicy.Mode.NONE
                && mail.wish() != SenderTlsRequest.WAIVED) {
            // RFC 8461 §6: a fetch that fails while a cached policy holds is reported, too
            found.refreshProblem().ifPresent(problem -> add(refreshProblems, Peer.unknown(),
                List.of(new PolicyVerdict.Violated(found.policy().applied(mail.domain()), List.of(problem))), Optional.empty()));
        }
    }

    /** The policy forbids the host whatever it would say, so it was not connected to. */
    void skipped(MxHost host, Verdict verdict) {
        add(skippedHosts, Peer.named(host.name()), verdict.forReport(), Optional.empty());
    }

    /** The hosts of the domain could not be found out. */
    void withoutHosts(Destination.Unknown unknown) {
        if (unknown.cause() == Destination.Cause.BOGUS && mail.wish() != SenderTlsRequest.WAIVED) {
            add(skippedHosts, Peer.unknown(), List.of(new PolicyVerdict.Violated(TlsaSet.unknown(mail.domain()),
                List.of(new Violation(ResultType.DNSSEC_INVALID, unknown.reason())))), Optional.empty());
        }
    }

    /** A session was opened, or a mail was handed over on one that had been opened for another mail. */
    void count(TlsObservation seen, Verdict verdict, SessionCounts counts) {
        if (verdict.forReport().isEmpty()) {
            return;
        }
        sessionSeen = true;
        if (mail.handling().reporting() == OutboundMail.Reporting.NOT_COUNTED) {
            return;
        }
        if (counts.isFirstMailTo(mail.domain())) {
            outcomes.addAll(skippedHosts);
        }
        if (!refreshProblems.isEmpty() && counts.isFirstMailUnder(refreshProblems)) {
            outcomes.addAll(refreshProblems);
        }
        skippedHosts.clear();
        refreshProblems.clear();
        if (counts.isFirstMailTo(mail.domain(), sendingDomain())) {
            add(outcomes, new Peer(seen.sendingIp(), Optional.of(seen.mxHost()), seen.helo(), Optional.of(seen.receivingIp())),
                verdict.forReport(), Optional.of(counts.session()));
        }
    }

    /** All of it; empty for mails that do not count. */
    List<TlsOutcome> outcomes() {
        List<TlsOutcome> all = new ArrayList<>(sessionSeen ? List.of() : skippedHosts);
        all.addAll(outcomes);
        return all;
    }

    private void add(List<TlsOutcome> to, Peer peer, List<PolicyVerdict> verdicts, Optional<CountedSession> session) {
        // RFC 8460 §3: the session that carries a report stays out of the next one
        if (!verdicts.isEmpty() && mail.handling().reporting() == OutboundMail.Reporting.COUNTED) {
            to.add(new TlsOutcome(clock.instant(), mail.domain(), peer, verdicts.stream().map(AttemptReport::toStrangers).toList(),
                sendingDomain(), session));
        }
    }

    private static PolicyVerdict toStrangers(PolicyVerdict verdict) {
        return switch (verdict) {
            case PolicyVerdict.Met met -> met;
            case PolicyVerdict.Violated violated -> new PolicyVerdict.Violated(violated.policy(), violated.violations().stream()
                .map(fault -> new Violation(fault.type(), AttemptLog.toStrangers(fault.reason()))).toList());
        };
    }

    private Optional<DomainName> sendingDomain() {
        return mail.sender().flatMap(sender -> DomainName.parse(sender.getDomain().asString()));
    }
}
