package jamestls.mtasts.delivery;

import jamestls.dns.DomainName;
import jamestls.mtasts.delivery.AttemptReport.SessionCounts;
import jamestls.mtasts.delivery.Delivery.Route;
import jamestls.mtasts.delivery.DeliveryMetrics.Count;
import jamestls.mtasts.delivery.OutboundMail.Retry;
import jamestls.mtasts.delivery.ReplyInterpretation.Protection;
import jamestls.mtasts.delivery.ReplyInterpretation.Skip;
import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.policy.Verdict;
import jamestls.mtasts.policy.Verdict.TlsLevel;
import jamestls.mtasts.sts.StsLookup;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.smtp.TlsObservation;
import jamestls.smtp.TlsObservation.Handshake;
import jamestls.smtp.TlsObservation.StartTls;
import jamestls.smtp.Transmission;
import java.net.InetAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.james.core.MailAddress;

/**
 * Collects what happened at each host during one delivery attempt: it writes a log line per host, tracks the recipients without a
 * result, and, if no host took the mail, builds the failure text. Used by one thread.
 */
final class AttemptLog {

    /** Why the mail was not sent to a host. */
    private enum Obstacle {
        POLICY, LOOKUP, NO_ADDRESS, ADDRESS_LOOKUP, NETWORK, REPLY, TLS_DEMANDED_AFTER_FALLBACK, TLS_DEMANDED_NOT_OFFERED, OWN_ADDRESS
    }

    private record HostFailure(MxHost host, TlsDemand demand, Obstacle obstacle, List<Violation> shortfall, String cause) {
    }

    private static final int MAX_TEXT = 1_500;
    /** The reply that begins TLS (RFC 3207 §4). */
    private static final int READY_FOR_TLS = 220;
    /** A resolver's address in error texts. It appears in the log only, not in bounces and reports. */
    private static final Pattern RESOLVER = Pattern.compile("[0-9a-fA-F.:%\\[\\]]+ port [0-9]+");

    private final DeliveryLog log;
    private final DeliveryMetrics metrics;
    private final List<HostFailure> failures = new ArrayList<>();
    private final AttemptReport report;
    private final List<MailAddress> accepted = new ArrayList<>();
    private final Map<MailAddress, Failure> failed = new LinkedHashMap<>();
    private final Map<MailAddress, Failure> refusedForNow = new HashMap<>();
    private final Set<DomainName> refusesIpv6 = new HashSet<>();
    private final Map<InetAddress, String> tlsFaults = new HashMap<>();
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

    /** Records a host that the policy forbids without a connection. */
    void notConnected(MxHost host, TlsDemand demand, Verdict verdict) {
        report.skipped(host, verdict);
        Obstacle obstacle = demand instanceof TlsDemand.Unreachable ? Obstacle.LOOKUP : Obstacle.POLICY;
        fail(host, Optional.empty(), demand, TlsLevel.NONE, obstacle, verdict.shortfall(), logText(verdict.shortfall()));
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

    /** Whether mail to that host would loop: a host of the same or a better preference is this server. */
    boolean isLoop(MxHost host) {
        return failures.stream().anyMatch(failure -> failure.obstacle() == Obstacle.OWN_ADDRESS
            && failure.host().preference() <= host.preference());
    }

    /** The result when the best mail host of the domain is this server. */
    DeliveryResult loop(MxHost ourselves) {
        return new DeliveryResult.Refused(Failure.permanent("4.6", "the mail host of " + mail.domain() + ", " + ourselves.name()
            + ", is this server, and this server has no mailboxes for that domain (mail loop)"));
    }

    /** Records a new session and the verdict on it. */
    void judged(Route route, TlsObservation seen, Verdict verdict, SessionCounts counts) {
        report.count(seen, verdict, counts);
        switch (verdict.ruling()) {
            case SEND -> {
                metrics.session(verdict.level());
                seen.startTlsReply().ifPresent(reply -> tlsFaults.putIfAbsent(route.address(), "STARTTLS was answered " + reply));
            }
            case RETRY_WITH_TLS -> tlsFaults.put(route.address(), tlsFault(seen, verdict));
            case RETRY_IN_CLEAR -> {
                tlsFaults.put(route.address(), tlsFault(seen, verdict));
                metrics.count(Count.FALL_BACK);
                log.fallBack(route, logText(verdict.shortfall()));
            }
            case NEXT_HOST -> fail(route.host(), Optional.of(route.address()), route.demand(), verdict.level(),
                verdict.shortfall().isEmpty() ? Obstacle.NETWORK : Obstacle.POLICY, verdict.shortfall(),
                !verdict.shortfall().isEmpty() ? logText(verdict.shortfall())
                    : seen.failure().map(failure -> failure.detail()).orElse("no usable session")
                        + Optional.ofNullable(tlsFaults.get(route.address())).map(fault -> "; before that: " + fault).orElse(""));
        }
    }

    private static String tlsFault(TlsObservation seen, Verdict verdict) {
        return seen.startTlsReply().filter(reply -> reply.code() != READY_FOR_TLS).map(reply -> "STARTTLS was answered " + reply)
            .orElseGet(() -> "TLS failed: " + bounceText(verdict.shortfall()));
    }

    /** Records that the mail used a session opened for another mail. */
    void reused(TlsObservation seen, Verdict verdict, SessionCounts counts) {
        report.count(seen, verdict, counts);
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
        log.sent(route, level, reply);
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
            return last;
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
        return new DeliveryResult.Answered(accepted, failed);
    }

    /** A host is busy or James is stopping: recipients with a result keep it, the others return to the queue. */
    DeliveryResult postponed(String why) {
        return merged(new DeliveryResult.Postponed(why));
    }

    /** Whether every failure so far came from an MTA-STS policy, so that a newer policy may change the result. */
    boolean failedOnlyByStsPolicy() {
        return !failures.isEmpty()
            && failures.stream().allMatch(failure -> failure.obstacle() == Obstacle.POLICY && failure.demand().sts().isPresent());
    }

    /** The result when the MX records of the domain could not be looked up. */
    DeliveryResult hostsUnknown(Destination.Unknown unknown) {
        report.hostsUnknown(unknown);
        return new DeliveryResult.Deferred(Failure.temporary("4.3", publicText(unknown.reason())));
    }

    /** The result when all hosts were tried. */
    DeliveryResult exhausted() {
        if (refusedForNow.keySet().containsAll(mail.recipients()) && !mail.recipients().isEmpty()) {
            // "TLS required" from hosts without STARTTLS is final only if every host said so
            boolean isFinal = failures.stream().allMatch(failure -> failure.obstacle() == Obstacle.TLS_DEMANDED_NOT_OFFERED);
            Map<MailAddress, Failure> answers = new LinkedHashMap<>();
            mail.recipients().forEach(recipient -> answers.put(recipient, isFinal ? refusedForNow.get(recipient)
                : refusedForNow.get(recipient).asTemporary()));
            return merged(new DeliveryResult.Answered(List.of(), answers));
        }
        return merged(failureOfAllHosts());
    }

    private DeliveryResult failureOfAllHosts() {
        if (failures.size() == 1 && failures.getFirst().obstacle() == Obstacle.NO_ADDRESS
                && failures.getFirst().host().name().equals(mail.domain())) {
            // RFC 5321 §5.1: neither MX nor address record, both provably absent
            String text = "the domain " + mail.domain() + " has no mail host and no address";
            return mail.handling().missingDomain() == Retry.NO ? new DeliveryResult.Refused(Failure.permanent("1.2", text))
                : new DeliveryResult.Deferred(Failure.temporary("1.2", text + "; the domain is looked up again later"));
        }
        Optional<HostFailure> loop = failures.stream().findFirst().filter(failure -> failure.obstacle() == Obstacle.OWN_ADDRESS);
        if (loop.isPresent()) {
            return loop(loop.get().host());
        }
        String hosts = hostsText();
        List<Violation> shortfall = failures.stream().flatMap(failure -> failure.shortfall().stream()).toList();
        if (!shortfall.isEmpty()) {
            return mail.tlsRequest() == SenderTlsRequest.REQUIRED ? withoutRequiredTls(shortfall, hosts)
                : withoutPolicyTls(hosts, shortfall);
        }
        boolean allDemandTls = !failures.isEmpty()
            && failures.stream().allMatch(failure -> failure.obstacle() == Obstacle.TLS_DEMANDED_NOT_OFFERED);
        if (allDemandTls) {
            return new DeliveryResult.Refused(Failure.permanent("7.10", publicText(failures.getLast().cause())));
        }
        boolean anyDemandsTls = failures.stream().anyMatch(failure ->
            failure.obstacle() == Obstacle.TLS_DEMANDED_AFTER_FALLBACK || failure.obstacle() == Obstacle.TLS_DEMANDED_NOT_OFFERED);
        Failure failure = Failure.temporary(anyDemandsTls ? "7.10" : "4.1",
            publicText("no mail host of " + mail.domain() + " accepts the message at the moment: " + hosts));
        return new DeliveryResult.Deferred(allAre(Obstacle.NO_ADDRESS, Obstacle.ADDRESS_LOOKUP) ? failure.withCause(Cause.DNS)
            : allAre(Obstacle.REPLY) ? failure.withCause(Cause.REPLY) : failure);
    }

    private boolean allAre(Obstacle... obstacles) {
        return failures.stream().allMatch(failure -> Arrays.asList(obstacles).contains(failure.obstacle()));
    }

    private String hostsText() {
        return failures.stream().map(failure -> {
            // replies begin with the name of the host
            boolean named = failure.cause().startsWith(failure.host().name().toString());
            return named ? failure.cause() : failure.host().name() + " " + failure.cause();
        }).distinct().collect(Collectors.joining("; "));
    }

    private DeliveryResult withoutPolicyTls(String hosts, List<Violation> shortfall) {
        boolean noTls = shortfall.stream().anyMatch(violation -> violation.type() == ResultType.STARTTLS_NOT_SUPPORTED);
        return new DeliveryResult.Deferred(Failure.byPolicy(noTls ? "7.10" : "7.5", publicText(mail.domain() + " requires verified TLS ("
            + policyText() + ") and none of its mail hosts passed: " + hosts), remedy(shortfall)));
    }

    private DeliveryResult withoutRequiredTls(List<Violation> shortfall, String hosts) {
        String text = publicText("the sender requires TLS (REQUIRETLS), and no mail host of " + mail.domain() + " provides it: " + hosts);
        boolean definite = failures.stream().allMatch(failure -> failure.obstacle() == Obstacle.POLICY);
        // RFC 8689 §4.2.1: 5.7.30 when only the keyword is missing, else 5.7.10
        boolean keywordOnly = shortfall.stream().allMatch(Verdict::isMissingRequireTls);
        String status = keywordOnly ? "7.30" : "7.10";
        return definite ? new DeliveryResult.Refused(Failure.permanent(status, text))
            : new DeliveryResult.Deferred(Failure.byPolicy(status, text, "The sender can send it without REQUIRETLS."));
    }

    private String policyText() {
        if (byOperator()) {
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

    private String remedy(List<Violation> shortfall) {
        if (byOperator()) {
            return "Only the administrators of this server or of " + mail.domain() + " can fix this.";
        }
        if (shortfall.stream().anyMatch(fault -> fault.type() == ResultType.DANE_REQUIRED)) {
            return "If " + mail.domain() + " has no DANE, the administrator of this server can remove it from mandatoryDane.";
        }
        boolean dns = failures.stream().anyMatch(failure -> failure.demand() instanceof TlsDemand.Unreachable);
        boolean dane = failures.stream().anyMatch(failure -> failure.demand().tlsaRecords().isPresent());
        return "Only the postmaster of " + mail.domain() + " can fix this" + (dns ? ", in the DNSSEC signatures or name servers."
            : dane ? ", in the certificate or TLSA records of the host." : ".");
    }

    private boolean byOperator() {
        return mail.nextHop().filter(hop -> hop.certificate() == FixedNextHop.Certificate.VERIFIED).isPresent();
    }

    /** Why the mail was not sent to that host, one line per cause. */
    List<String> causesAt(MxHost host) {
        return failures.stream().filter(failure -> failure.host().equals(host)).map(HostFailure::cause).distinct().toList();
    }

    void log(DeliveryResult result) {
        log.finished(result);
    }

    private void fail(MxHost host, Optional<InetAddress> address, TlsDemand demand, TlsLevel level, Obstacle obstacle,
                      List<Violation> shortfall, String cause) {
        String where = address.map(ip -> "[" + ip.getHostAddress() + "] ").orElse("");
        failures.add(new HostFailure(host, demand, obstacle, shortfall, where + (shortfall.isEmpty() ? cause : bounceText(shortfall))));
        metrics.count(obstacle == Obstacle.POLICY || obstacle == Obstacle.LOOKUP ? Count.SESSION_REFUSED_BY_POLICY : Count.SESSION_FAILED);
        log.skipped(host, address, demand, level, cause);
    }

    /** The text for bounces: the reason in plain words where there is one, else the registered name of the fault. */
    private static String bounceText(List<Violation> shortfall) {
        return shortfall.stream().map(fault -> {
            String type = fault.type().wireName().replace('-', ' ').replace("starttls", "STARTTLS").replace("dnssec", "DNSSEC")
                .replace("tlsa", "TLSA");
            return fault.reason().isEmpty() ? type : fault.type() == ResultType.VALIDATION_FAILURE ? fault.reason()
                : type + " (" + fault.reason() + ")";
        }).collect(Collectors.joining(", "));
    }

    /** The text for the log: the registered names of the faults (RFC 8460 §4.3) and their reasons. */
    static String logText(List<Violation> shortfall) {
        return shortfall.stream().map(Violation::toString).collect(Collectors.joining(", "));
    }

    /** The text for bounces and reports: bounded, and without the addresses of this server's resolvers. */
    static String publicText(String text) {
        String withoutResolver = RESOLVER.matcher(text).replaceAll("the resolver");
        return withoutResolver.length() > MAX_TEXT ? withoutResolver.substring(0, MAX_TEXT) + "…" : withoutResolver;
    }
}
