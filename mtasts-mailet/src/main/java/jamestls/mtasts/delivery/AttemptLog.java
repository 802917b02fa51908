package jamestls.mtasts.delivery;

import jamestls.dns.DomainName;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.mtasts.delivery.Delivery.Route;
import jamestls.mtasts.delivery.DeliveryMetrics.Count;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.policy.Verdict;
import jamestls.mtasts.policy.Verdict.TlsLevel;
import jamestls.mtasts.sts.StsLookup;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.smtp.TlsObservation;
import jamestls.smtp.Transmission;
import java.net.InetAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What happened at each host while one mail was being delivered: one log line each, the outcomes for the report, and in
 * the end, if no host would do, why. Used by one thread.
 */
final class AttemptLog {

    /** Why a host did not get the mail. */
    private enum Obstacle { POLICY, LOOKUP, NO_ADDRESS, NETWORK, REPLY, OURSELVES }

    private record HostFailure(MxHost host, TlsDemand demand, Obstacle obstacle, List<Violation> shortfall, String cause) {
    }

    private static final int MAX_TEXT = 1_500;

    private final OutboundMail mail;
    private final Clock clock;
    private final DeliveryLog log;
    private final DeliveryMetrics meter;
    private final List<HostFailure> failures = new ArrayList<>();
    private final List<TlsOutcome> outcomes = new ArrayList<>();
    private StsLookup sts = new StsLookup.NoPolicy("not looked up yet");

    AttemptLog(OutboundMail mail, DeliveryMetrics meter, Clock clock) {
        this.mail = mail;
        this.meter = meter;
        this.clock = clock;
        this.log = new DeliveryLog(mail, clock);
    }

    /** From here on the hosts are tried under this policy; what failed under an older one no longer counts. */
    void apply(StsLookup lookup) {
        sts = lookup;
        failures.clear();
        if (lookup instanceof StsLookup.Found found && found.refreshProblem().isPresent()) {
            // RFC 8461 §6: a fetch that fails while a cached policy holds is reported, too
            AppliedPolicy unfetched = new AppliedPolicy(PolicyType.STS, mail.domain(), List.of(), List.of());
            report(Peer.unknown(), List.of(new PolicyVerdict.Violated(unfetched, List.of(found.refreshProblem().get()))));
        }
    }

    void start() {
        log.start();
    }

    /** The policy forbids this host whatever it would say. */
    void notConnected(MxHost host, TlsDemand demand, Verdict verdict) {
        report(Peer.named(host.name()), verdict.forReport());
        Obstacle obstacle = demand instanceof TlsDemand.Unreachable ? Obstacle.LOOKUP : Obstacle.POLICY;
        fail(host, Optional.empty(), demand, TlsLevel.NONE, obstacle, verdict.shortfall(), inWords(verdict.shortfall()));
    }

    void withoutAddress(MxHost host, TlsDemand demand) {
        fail(host, Optional.empty(), demand, TlsLevel.NONE, Obstacle.NO_ADDRESS, List.of(), "has no address");
    }

    void unreachable(MxHost host, TlsDemand demand, String cause) {
        fail(host, Optional.empty(), demand, TlsLevel.NONE, Obstacle.NETWORK, List.of(), cause);
    }

    /** The host has an address of this server: it and all that are not preferred to it are not for us to try (RFC 5321 §5.1). */
    void reachedOurselves(MxHost host, TlsDemand demand, InetAddress address) {
        fail(host, Optional.of(address), demand, TlsLevel.NONE, Obstacle.OURSELVES, List.of(), "is this server itself");
    }

    /** Whether mail handed to that host would come back. */
    boolean isLoop(MxHost host) {
        return failures.stream().anyMatch(failure -> failure.obstacle() == Obstacle.OURSELVES
            && failure.host().preference() <= host.preference());
    }

    /** There is nobody but ourselves to hand the mail to. */
    DeliveryResult loop(MxHost ourselves) {
        return new DeliveryResult.Refused(Failure.permanent("4.6", "the mail host of " + mail.domain() + ", " + ourselves.name()
            + ", is this server itself, and it has no mailboxes for that domain: the mail would go round in circles"));
    }

    /** A session was observed and judged. */
    void judged(Route route, TlsObservation seen, Verdict verdict) {
        report(new Peer(seen.sendingIp(), Optional.of(seen.mxHost()), seen.helo(), Optional.of(seen.receivingIp())),
            verdict.forReport());
        switch (verdict.ruling()) {
            case SEND -> meter.session(verdict.level());
            case RETRY_IN_CLEAR -> {
                meter.count(Count.FALL_BACK);
                log.fallBack(route, inWords(verdict.shortfall()));
            }
            case NEXT_HOST -> fail(route.host(), Optional.of(route.address()), route.demand(), verdict.level(),
                verdict.shortfall().isEmpty() ? Obstacle.NETWORK : Obstacle.POLICY, verdict.shortfall(),
                verdict.shortfall().isEmpty()
                    ? seen.failure().map(failure -> failure.detail()).orElse("no usable session") : inWords(verdict.shortfall()));
        }
    }

    /** The session was opened for another mail. */
    void reused() {
        meter.count(Count.SESSION_REUSED);
    }

    /** TLS has failed at that host lately and is not tried, which the demand does not mind. */
    void withoutTls(Route route, String cause) {
        meter.count(Count.FALL_BACK);
        log.fallBack(route, "not tried, it failed lately: " + cause);
    }

    /**
     * The mail was handed to a server that satisfies the demand.
     *
     * @return the result, or empty when the next host may be tried
     */
    Optional<DeliveryResult> sent(Route route, TlsLevel level, Transmission transmission) {
        String host = route.host().name() + " [" + route.address().getHostAddress() + "]";
        ReplyInterpretation transmitted = ReplyInterpretation.of(mail, host, transmission);
        log.sent(route, level, transmitted);
        if (transmitted.result().isEmpty()) {
            failures.add(new HostFailure(route.host(), route.demand(), Obstacle.REPLY, List.of(), transmitted.why()));
        }
        return transmitted.result();
    }

    /** Every failure so far is that of an MTA-STS policy, so a newer one might let the mail through. */
    boolean onlyStsStoodInTheWay() {
        return !failures.isEmpty()
            && failures.stream().allMatch(failure -> failure.obstacle() == Obstacle.POLICY && failure.demand().sts().isPresent());
    }

    /** It is not known which hosts the domain has. */
    DeliveryResult withoutHosts(Destination.Unknown unknown) {
        if (unknown.cause() == Destination.Cause.BOGUS && mail.wish() != SenderTlsRequest.WAIVED) {
            report(Peer.unknown(), List.of(new PolicyVerdict.Violated(TlsaSet.unknown(mail.domain()),
                List.of(new Violation(ResultType.DNSSEC_INVALID, unknown.reason())))));
        }
        return new DeliveryResult.Deferred(Failure.temporary("4.3", cut(unknown.reason())));
    }

    /** No host is left. */
    DeliveryResult exhausted() {
        String hosts = failures.stream().map(failure -> failure.host().name() + ": " + failure.cause()).distinct()
            .collect(Collectors.joining("; "));
        if (failures.size() == 1 && failures.getFirst().obstacle() == Obstacle.NO_ADDRESS
                && failures.getFirst().host().name().equals(mail.domain())) {
            // RFC 5321 §5.1: neither MX nor address record, both provably absent
            return new DeliveryResult.Refused(
                Failure.permanent("1.2", "the domain " + mail.domain() + " has no mail host and no address"));
        }
        Optional<HostFailure> loop = failures.stream().findFirst().filter(failure -> failure.obstacle() == Obstacle.OURSELVES);
        if (loop.isPresent()) {
            return loop(loop.get().host());
        }
        List<Violation> shortfall = failures.stream().flatMap(failure -> failure.shortfall().stream()).toList();
        if (shortfall.isEmpty()) {
            return new DeliveryResult.Deferred(
                Failure.temporary("4.1", cut("no mail host of " + mail.domain() + " takes the mail now: " + hosts)));
        }
        if (mail.wish() == SenderTlsRequest.REQUIRED) {
            return withoutRequiredTls(shortfall, hosts);
        }
        boolean noTls = shortfall.stream().anyMatch(violation -> violation.type() == ResultType.STARTTLS_NOT_SUPPORTED);
        return new DeliveryResult.Deferred(Failure.temporary(noTls ? "7.10" : "7.5",
            cut(mail.domain() + " demands protected delivery (" + policyInWords() + ") and no mail host satisfies it: " + hosts
                + ". The mail is kept and tried again; " + remedy())));
    }

    private DeliveryResult withoutRequiredTls(List<Violation> shortfall, String hosts) {
        String text = cut("the sender requires TLS (REQUIRETLS), and no mail host of " + mail.domain() + " provides it: " + hosts);
        boolean definite = failures.stream().allMatch(failure -> failure.obstacle() == Obstacle.POLICY);
        // RFC 8689 §4.2.1: 5.7.30 when only the keyword is missing, else 5.7.10
        boolean keywordOnly = shortfall.stream().allMatch(Verdict::isMissingRequireTls);
        String status = keywordOnly ? "7.30" : "7.10";
        return definite ? new DeliveryResult.Refused(Failure.permanent(status, text))
            : new DeliveryResult.Deferred(Failure.temporary(status, text));
    }

    private String policyInWords() {
        if (mail.via().filter(via -> via.certificate() == FixedNextHop.Certificate.VERIFIED).isPresent()) {
            return "verifyServerIdentity of this server";
        }
        Set<String> policies = new LinkedHashSet<>();
        for (HostFailure failure : failures) {
            if (failure.demand() instanceof TlsDemand.Unreachable never) {
                policies.add(never.why().type() == ResultType.DANE_REQUIRED ? "mandatoryDane of this server" : "DNSSEC");
            }
            failure.demand().tlsaRecords().ifPresent(tlsa -> policies.add("DANE"));
        }
        if (sts instanceof StsLookup.Found found && failures.stream().anyMatch(failure -> failure.demand().sts().isPresent())) {
            policies.add("MTA-STS, mode " + found.policy().mode().wireName() + ", mx: "
                + String.join(", ", found.policy().applied(mail.domain()).mxHosts()));
        }
        return String.join("; ", policies);
    }

    private String remedy() {
        if (failures.stream().flatMap(failure -> failure.shortfall().stream())
                .anyMatch(fault -> fault.type() == ResultType.DANE_REQUIRED)) {
            return "take " + mail.domain() + " out of mandatoryDane if it has no DANE.";
        }
        boolean dns = failures.stream().anyMatch(failure -> failure.demand() instanceof TlsDemand.Unreachable);
        boolean dane = failures.stream().anyMatch(failure -> failure.demand().tlsaRecords().isPresent());
        return "the postmaster of " + mail.domain() + " can mend " + (dns ? "the DNSSEC signatures or the name servers."
            : dane ? "the host's certificate or its TLSA records." : "the host or the policy.");
    }

    /** What stood in the way at that host, one line each. */
    List<String> causesAt(MxHost host) {
        return failures.stream().filter(failure -> failure.host().equals(host)).map(HostFailure::cause).distinct().toList();
    }

    /** What the report is made of; empty for mails that do not count. */
    List<TlsOutcome> outcomes() {
        return List.copyOf(outcomes);
    }

    void log(DeliveryResult result) {
        log.finished(result);
    }

    private void report(Peer peer, List<PolicyVerdict> verdicts) {
        // RFC 8460 §3: the session that carries a report stays out of the next one
        if (!verdicts.isEmpty() && mail.reporting() == OutboundMail.Reporting.COUNTED) {
            outcomes.add(new TlsOutcome(clock.instant(), mail.domain(), peer, verdicts, sendingDomain()));
        }
    }

    private Optional<DomainName> sendingDomain() {
        return mail.sender().flatMap(sender -> DomainName.parse(sender.getDomain().asString()));
    }

    private void fail(MxHost host, Optional<InetAddress> address, TlsDemand demand, TlsLevel level, Obstacle obstacle,
                      List<Violation> shortfall, String cause) {
        String where = address.map(ip -> "[" + ip.getHostAddress() + "] ").orElse("");
        failures.add(new HostFailure(host, demand, obstacle, shortfall, where + cause));
        meter.count(obstacle == Obstacle.POLICY || obstacle == Obstacle.LOOKUP ? Count.SESSION_REFUSED_BY_POLICY : Count.SESSION_FAILED);
        log.skipped(host, address, demand, level, cause);
    }

    static String inWords(List<Violation> shortfall) {
        return shortfall.stream().map(Violation::toString).collect(Collectors.joining(", "));
    }

    private static String cut(String text) {
        return text.length() > MAX_TEXT ? text.substring(0, MAX_TEXT) + "…" : text;
    }
}
