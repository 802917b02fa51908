package jamestls.mtasts.delivery;

import jamestls.dns.DomainName;
import jamestls.mtasts.delivery.AttemptReport.SessionCounts;
import jamestls.mtasts.delivery.Delivery.Route;
import jamestls.mtasts.delivery.DeliveryMetrics.Count;
import jamestls.mtasts.delivery.HostFailures.HostFailure;
import jamestls.mtasts.delivery.HostFailures.Obstacle;
import jamestls.mtasts.delivery.ReplyInterpretation.Protection;
import jamestls.mtasts.delivery.ReplyInterpretation.Skip;
import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.policy.Verdict;
import jamestls.mtasts.policy.Verdict.TlsLevel;
import jamestls.mtasts.sts.StsLookup;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.Violation;
import jamestls.smtp.TlsObservation;
import jamestls.smtp.TlsObservation.Handshake;
import jamestls.smtp.TlsObservation.StartTls;
import jamestls.smtp.Transmission;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.james.core.MailAddress;

/**
 * Collects what happened at each host during one delivery attempt: it writes a log line per host, tracks the recipients without a
 * result, and, if no host took the mail, builds the failure text. Used by one thread.
 */
final class AttemptLog {

    /** The reply that begins TLS (RFC 3207 §4). */
    private static final int READY_FOR_TLS = 220;
    private final DeliveryLog log;
    private final DeliveryMetrics metrics;
    private final HostFailures failures = new HostFailures();
    private final AttemptReport report;
    private final List<MailAddress> accepted = new ArrayList<>();
    private final Map<MailAddress, Failure> failed = new LinkedHashMap<>();
    private final Map<MailAddress, Failure> refusedForNow = new HashMap<>();
    private final Set<DomainName> refusesIpv6 = new HashSet<>();
    private int hostsConnected;
    private Optional<MxHost> lastConnected = Optional.empty();
    private final Map<InetAddress, String> tlsFaults = new HashMap<>();
    /** The faults for which the domain's own demand rejects the session with that address. */
    private final Map<InetAddress, List<Violation>> letPass = new HashMap<>();
    private Optional<Failure> wouldBeHeld = Optional.empty();
    private OutboundMail mail;
    private StsLookup sts = new StsLookup.NoPolicy("not looked up yet");

    AttemptLog(OutboundMail mail, DeliveryMetrics metrics, Clock clock) {
        this.mail = mail;
        this.metrics = metrics;
        this.log = new DeliveryLog(mail, clock);
        this.report = new AttemptReport(mail, clock);
    }

    /** The outcomes to report; empty for mails that are not counted. */
    List<TlsOutcome> outcomes() {
        return report.outcomes();
    }

    /** The mail, with only the recipients that no host has answered for. */
    OutboundMail mail() {
        return mail;
    }

    /** Starts the round of hosts under this policy and forgets the failures under an older one. */
    void apply(StsLookup lookup) {
        sts = lookup;
        failures.clear();
        report.apply(lookup);
    }

    void start() {
        log.start();
    }

    /** A session with that host was opened, or tried to be. */
    void connected(MxHost host) {
        hostsConnected += lastConnected.filter(host::equals).isPresent() ? 0 : 1;
        lastConnected = Optional.of(host);
    }

    /** How many hosts {@link #connected} was called for so far, one after the other. */
    int hostsConnected() {
        return hostsConnected;
    }

    /** Records a host that the policy forbids without a connection. */
    void notConnected(MxHost host, TlsDemand demand, Verdict verdict) {
        report.skipped(host, verdict);
        Obstacle obstacle = demand instanceof TlsDemand.Unreachable ? Obstacle.LOOKUP : Obstacle.POLICY;
        fail(host, Optional.empty(), demand, TlsLevel.NONE, obstacle, verdict.shortfall(), HostFailures.logText(verdict.shortfall()));
    }

    /** Records for the reports that a host has no usable address which the domain's own demand rejects without a connection. */
    void connecting(MxHost host, TlsDemand demand, List<InetAddress> usable) {
        if (usable.isEmpty() && demand instanceof TlsDemand.Ruled ruled) {
            Verdict.beforeConnecting(ruled.own()).ifPresent(never -> report.skipped(host, never));
        }
    }

    void withoutAddress(MxHost host, TlsDemand demand) {
        fail(host, Optional.empty(), demand, TlsLevel.NONE, Obstacle.NO_ADDRESS, List.of(), "has no address");
    }

    /** Nobody knows now which addresses the host has. */
    void addressesUnknown(MxHost host, TlsDemand demand, String cause) {
        fail(host, Optional.empty(), demand, TlsLevel.NONE, Obstacle.ADDRESS_LOOKUP, List.of(), cause);
    }

    void unreachable(MxHost host, TlsDemand demand, String cause) {
        fail(host, Optional.empty(), demand, TlsLevel.NONE, Obstacle.NETWORK, List.of(), cause);
    }

    /** Records a host with an address of this server. It and all hosts of the same or a lower preference are skipped (RFC 5321 §5.1). */
    void foundOwnAddress(MxHost host, TlsDemand demand, InetAddress address) {
        fail(host, Optional.of(address), demand, TlsLevel.NONE, Obstacle.OWN_ADDRESS, List.of(), "is this server");
    }

    /** Records a new session and the verdict on it. */
    void judged(Route route, TlsObservation seen, Verdict verdict, SessionCounts counts) {
        report.count(seen, verdict, counts);
        // a session in clear text after one with TLS is not judged again: the faults of the first remain
        letPass.merge(route.address(), verdict.letPass(), (before, now) -> now.isEmpty() ? before : now);
        switch (verdict.ruling()) {
            case SEND -> {
                metrics.session(verdict.level());
                seen.startTlsReply().ifPresent(reply -> tlsFaults.putIfAbsent(route.address(), "STARTTLS was answered " + reply));
            }
            case RETRY_WITH_TLS -> tlsFaults.put(route.address(), tlsFault(seen, verdict));
            case RETRY_IN_CLEAR -> {
                tlsFaults.put(route.address(), tlsFault(seen, verdict));
                metrics.count(Count.FALL_BACK);
                log.fallBack(route, HostFailures.logText(verdict.shortfall()));
            }
            case NEXT_HOST -> fail(route.host(), Optional.of(route.address()), route.demand(), verdict.level(),
                verdict.shortfall().isEmpty() ? Obstacle.NETWORK : Obstacle.POLICY, verdict.shortfall(),
                !verdict.shortfall().isEmpty() ? HostFailures.logText(verdict.shortfall())
                    : seen.failure().map(failure -> failure.detail()).orElse("no usable session")
                        + Optional.ofNullable(tlsFaults.get(route.address())).map(fault -> "; before that: " + fault).orElse(""));
        }
    }

    private static String tlsFault(TlsObservation seen, Verdict verdict) {
        return seen.startTlsReply().filter(reply -> reply.code() != READY_FOR_TLS).map(reply -> "STARTTLS was answered " + reply)
            .orElseGet(() -> "TLS failed: " + HostFailures.bounceText(verdict.shortfall()));
    }

    /** Records that the mail used a session opened for another mail. */
    void reused(Route route, TlsObservation seen, Verdict verdict, SessionCounts counts) {
        report.count(seen, verdict, counts);
        letPass.put(route.address(), verdict.letPass());
        metrics.count(Count.SESSION_REUSED);
    }

    /**
     * Records the reply of a server that satisfied the demand.
     *
     * @return the result, or empty when the next host may be tried for {@link #mail}
     */
    Optional<DeliveryResult> sent(Route route, TlsLevel level, TlsObservation seen, Transmission transmission) {
        String host = route.host().name() + " [" + route.address().getHostAddress() + "]";
        ReplyInterpretation reply = ReplyInterpretation.of(mail, new ReplyInterpretation.Session(host, protection(route, seen),
            tlsFaults.getOrDefault(route.address(), "TLS had failed when the session was opened"),
            route.family()), transmission);
        boolean below = !letPass.getOrDefault(route.address(), List.of()).isEmpty();
        log.sent(route, level, below, wouldBeHeld, reply);
        if (below && reply.result().orElse(null) instanceof DeliveryResult.Answered answered && !answered.accepted().isEmpty()) {
            metrics.count(route.demand() instanceof TlsDemand.Observed ? Count.OBSERVED : Count.OVERRIDDEN);
        }
        if (reply.skip() == Skip.NO) {
            return reply.result().map(this::merged);
        }
        if (reply.result().orElse(null) instanceof DeliveryResult.Answered decided) {
            accepted.addAll(decided.accepted());
            failed.putAll(decided.failed());
            mail = mail.to(reply.elsewhere().keySet());
        }
        refusedForNow.putAll(reply.elsewhere());
        if (reply.skip() == Skip.IPV6) {
            refusesIpv6.add(route.host().name());
        }
        failures.add(new HostFailure(route.host(), route.demand(), switch (reply.skip()) {
            case NO, TEMPORARY, IPV6 -> Obstacle.REPLY;
            case TLS_DEMANDED_AFTER_FALLBACK -> Obstacle.TLS_DEMANDED_AFTER_FALLBACK;
            case TLS_DEMANDED_NOT_OFFERED -> Obstacle.TLS_DEMANDED_NOT_OFFERED;
        }, List.of(), reply.why()));
        return Optional.empty();
    }

    /** Whether that host refused mail over IPv6 and may take it over IPv4. */
    boolean refusesIpv6(MxHost host) {
        return refusesIpv6.contains(host.name());
    }

    private static Protection protection(Route route, TlsObservation seen) {
        return seen.handshake() instanceof Handshake.Completed || route.demand() instanceof TlsDemand.Waived ? Protection.SUFFICIENT
            : seen.startTls() == StartTls.OFFERED ? Protection.CLEAR_TEXT_FALLBACK : Protection.STARTTLS_NOT_OFFERED;
    }

    /** Combines the results of earlier hosts with the one for the remaining recipients. */
    private DeliveryResult merged(DeliveryResult last) {
        if (accepted.isEmpty() && failed.isEmpty()) {
            return last instanceof DeliveryResult.Answered only
                ? new DeliveryResult.Answered(only.accepted(), only.failed(), wouldBeHeld) : last;
        }
        switch (last) {
            case DeliveryResult.Answered answered -> {
                accepted.addAll(answered.accepted());
                failed.putAll(answered.failed());
            }
            case DeliveryResult.Deferred deferred -> mail.recipients().forEach(recipient -> failed.put(recipient, deferred.why()));
            case DeliveryResult.Refused refused -> mail.recipients().forEach(recipient -> failed.put(recipient, refused.why()));
            case DeliveryResult.Postponed postponed ->
                mail.recipients().forEach(recipient -> failed.put(recipient, Failure.atLimit(postponed.why())));
        }
        return new DeliveryResult.Answered(accepted, failed, wouldBeHeld);
    }

    /** A host is busy or James is stopping: recipients with a result keep it, the others return to the queue. */
    DeliveryResult postponed(String why, Optional<Duration> later) {
        return merged(new DeliveryResult.Postponed(why, later));
    }

    /** Why the mail is to be held, if the reason is a policy and no server has answered. */
    Optional<Failure> heldByPolicy() {
        return refusedForNow.isEmpty() && failures.result(mail, sts) instanceof DeliveryResult.Deferred deferred
            && deferred.why().cause() == Cause.POLICY ? Optional.of(deferred.why()) : Optional.empty();
    }

    /** From here on rejected hosts may have the mail; {@code held} is why it would be held otherwise. */
    void observe(Failure held) {
        wouldBeHeld = Optional.of(held);
    }

    /** What stood in the way at the hosts so far. */
    HostFailures failures() {
        return failures;
    }

    /** The result when the best mail host of the domain is this server. */
    DeliveryResult loop(MxHost ourselves) {
        return HostFailures.loop(mail, ourselves);
    }

    /** The result when the MX records of the domain could not be looked up. */
    DeliveryResult hostsUnknown(Destination.Unknown unknown) {
        report.hostsUnknown(unknown);
        return new DeliveryResult.Deferred(Failure.temporary("4.3", HostFailures.publicText(unknown.reason())));
    }

    /** The result when all hosts were tried. */
    DeliveryResult exhausted() {
        if (refusedForNow.keySet().containsAll(mail.recipients()) && !mail.recipients().isEmpty()) {
            // "TLS required" from hosts without STARTTLS is final only if every host said so
            boolean isFinal = failures.areAll(Obstacle.TLS_DEMANDED_NOT_OFFERED);
            Map<MailAddress, Failure> answers = new LinkedHashMap<>();
            mail.recipients().forEach(recipient -> answers.put(recipient, isFinal ? refusedForNow.get(recipient)
                : refusedForNow.get(recipient).asTemporary()));
            return merged(new DeliveryResult.Answered(List.of(), answers));
        }
        return merged(failures.result(mail, sts));
    }

    void log(DeliveryResult result) {
        log.finished(result);
    }

    private void fail(MxHost host, Optional<InetAddress> address, TlsDemand demand, TlsLevel level, Obstacle obstacle,
                      List<Violation> shortfall, String cause) {
        String where = address.map(ip -> "[" + ip.getHostAddress() + "] ").orElse("");
        failures.add(new HostFailure(host, demand, obstacle, shortfall,
            where + (shortfall.isEmpty() ? cause : HostFailures.bounceText(shortfall))));
        metrics.count(obstacle == Obstacle.POLICY || obstacle == Obstacle.LOOKUP ? Count.SESSION_REFUSED_BY_POLICY : Count.SESSION_FAILED);
        log.skipped(host, address, demand, level, cause);
    }
}
