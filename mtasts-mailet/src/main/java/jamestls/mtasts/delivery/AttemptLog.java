package jamestls.mtasts.delivery;

import jamestls.dns.DomainName;
import jamestls.mtasts.delivery.AttemptReport.SessionCounts;
import jamestls.mtasts.delivery.Delivery.Route;
import jamestls.mtasts.delivery.DeliveryMetrics.Count;
import jamestls.mtasts.delivery.OutboundMail.Retry;
import jamestls.mtasts.delivery.ReplyInterpretation.Protection;
import jamestls.mtasts.delivery.ReplyInterpretation.Skip;
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
 * What happened at each host while one mail was being delivered: one log line each, which recipients are still
 * open, and in the end, if no host would do, why. Used by one thread.
 */
final class AttemptLog {

    /** Why a host did not get the mail. */
    private enum Obstacle { POLICY, LOOKUP, NO_ADDRESS, NETWORK, REPLY, TLS_LEFT_OUT, TLS_NOT_OFFERED, OURSELVES }

    private record HostFailure(MxHost host, TlsDemand demand, Obstacle obstacle, List<Violation> shortfall, String cause) {
    }

    private static final int MAX_TEXT = 1_500;
    /** The reply that begins TLS (RFC 3207 §4). */
    private static final int GO_AHEAD = 220;
    /** How the adapter names a resolver: that is nobody's business but the operator's, who reads it in the log. */
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

    /** What the reports are made of; empty for mails that do not count. */
    List<TlsOutcome> outcomes() {
        return report.outcomes();
    }

    /** The mail for the recipients that no host has decided on yet. */
    OutboundMail mail() {
        return mail;
    }

    /** From here on the hosts are tried under this policy; what failed under an older one no longer counts. */
    void apply(StsLookup lookup) {
        sts = lookup;
        failures.clear();
        report.apply(lookup);
    }

    void start() {
        log.start();
    }

    /** The policy forbids this host whatever it would say. */
    void notConnected(MxHost host, TlsDemand demand, Verdict verdict) {
        report.skipped(host, verdict);
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

    /** A session was opened, observed and judged. */
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
                log.fallBack(route, inWords(verdict.shortfall()));
            }
            case NEXT_HOST -> fail(route.host(), Optional.of(route.address()), route.demand(), verdict.level(),
                verdict.shortfall().isEmpty() ? Obstacle.NETWORK : Obstacle.POLICY, verdict.shortfall(),
                !verdict.shortfall().isEmpty() ? inWords(verdict.shortfall())
                    : seen.failure().map(failure -> failure.detail()).orElse("no usable session")
                        + Optional.ofNullable(tlsFaults.get(route.address())).map(fault -> ", after this: " + fault).orElse(""));
        }
    }

    private static String tlsFault(TlsObservation seen, Verdict verdict) {
        return seen.startTlsReply().filter(reply -> reply.code() != GO_AHEAD).map(reply -> "STARTTLS was answered " + reply)
            .orElseGet(() -> "TLS failed: " + toPeople(verdict.shortfall()));
    }

    /** The mail went over a session that was opened for another mail. */
    void reused(TlsObservation seen, Verdict verdict, SessionCounts counts) {
        report.count(seen, verdict, counts);
        metrics.count(Count.SESSION_REUSED);
    }

    /**
     * The mail was handed to a server that satisfies the demand.
     *
     * @return the result, or empty when the next host may be tried for {@link #mail}
     */
    Optional<DeliveryResult> sent(Route route, TlsLevel level, TlsObservation seen, Transmission transmission) {
        String host = route.host().name() + " [" + route.address().getHostAddress() + "]";
        ReplyInterpretation said = ReplyInterpretation.of(mail, new ReplyInterpretation.Session(host, protection(route, seen),
            tlsFaults.getOrDefault(route.address(), "TLS had failed when the session was opened"),
            route.family()), transmission);
        log.sent(route, level, said);
        if (said.skip() == Skip.NO) {
            return said.result().map(this::together);
        }
        if (said.result().orElse(null) instanceof DeliveryResult.Answered decided) {
            accepted.addAll(decided.accepted());
            failed.putAll(decided.failed());
            mail = mail.to(said.elsewhere().keySet());
        }
        refusedForNow.putAll(said.elsewhere());
        if (said.skip() == Skip.IPV6) {
            refusesIpv6.add(route.host().name());
        }
        failures.add(new HostFailure(route.host(), route.demand(), switch (said.skip()) {
            case NO, TEMPORARY, IPV6 -> Obstacle.REPLY;
            case TLS_LEFT_OUT -> Obstacle.TLS_LEFT_OUT;
            case TLS_NOT_OFFERED -> Obstacle.TLS_NOT_OFFERED;
        }, List.of(), said.why()));
        return Optional.empty();
    }

    /** Whether that host refuses mail over IPv6, and may take it over IPv4. */
    boolean refusesIpv6(MxHost host) {
        return refusesIpv6.contains(host.name());
    }

    private static Protection protection(Route route, TlsObservation seen) {
        return seen.handshake() instanceof Handshake.Completed || route.demand() instanceof TlsDemand.Waived ? Protection.AS_THE_MAIL_NEEDS
            : seen.startTls() == StartTls.OFFERED ? Protection.LEFT_OUT : Protection.NOT_OFFERED;
    }

    /** What was decided at the hosts before, and this for the recipients that were left. */
    private DeliveryResult together(DeliveryResult last) {
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
                mail.recipients().forEach(recipient -> failed.put(recipient, Failure.temporary("4.1", postponed.why())));
        }
        return new DeliveryResult.Answered(accepted, failed);
    }

    /** A host is busy, or James stops: recipients of other hosts have their result, for the others nothing was tried. */
    DeliveryResult postponed(String why) {
        return together(new DeliveryResult.Postponed(why));
    }

    /** Every failure so far is that of an MTA-STS policy, so a newer one might let the mail through. */
    boolean onlyStsStoodInTheWay() {
        return !failures.isEmpty()
            && failures.stream().allMatch(failure -> failure.obstacle() == Obstacle.POLICY && failure.demand().sts().isPresent());
    }

    /** It is not known which hosts the domain has. */
    DeliveryResult withoutHosts(Destination.Unknown unknown) {
        report.withoutHosts(unknown);
        return new DeliveryResult.Deferred(Failure.temporary("4.3", toStrangers(unknown.reason())));
    }

    /** No host is left. */
    DeliveryResult exhausted() {
        if (refusedForNow.keySet().containsAll(mail.recipients()) && !mail.recipients().isEmpty()) {
            // a refusal for lack of TLS that a host does not offer is final only if no host had other trouble
            boolean certain = failures.stream().allMatch(failure -> failure.obstacle() == Obstacle.TLS_NOT_OFFERED);
            Map<MailAddress, Failure> answers = new LinkedHashMap<>();
            mail.recipients().forEach(recipient -> answers.put(recipient, certain ? refusedForNow.get(recipient)
                : refusedForNow.get(recipient).forNow()));
            return together(new DeliveryResult.Answered(List.of(), answers));
        }
        return together(noHostLeft());
    }

    private DeliveryResult noHostLeft() {
        if (failures.size() == 1 && failures.getFirst().obstacle() == Obstacle.NO_ADDRESS
                && failures.getFirst().host().name().equals(mail.domain())) {
            // RFC 5321 §5.1: neither MX nor address record, both provably absent
            String text = "the domain " + mail.domain() + " has no mail host and no address";
            return mail.handling().missingDomain() == Retry.NO ? new DeliveryResult.Refused(Failure.permanent("1.2", text))
                : new DeliveryResult.Deferred(Failure.temporary("1.2", text + "; the domain is looked up again later"));
        }
        Optional<HostFailure> loop = failures.stream().findFirst().filter(failure -> failure.obstacle() == Obstacle.OURSELVES);
        if (loop.isPresent()) {
            return loop(loop.get().host());
        }
        String hosts = hostsInWords();
        List<Violation> shortfall = failures.stream().flatMap(failure -> failure.shortfall().stream()).toList();
        if (!shortfall.isEmpty()) {
            return mail.wish() == SenderTlsRequest.REQUIRED ? withoutRequiredTls(shortfall, hosts) : withoutPolicyTls(hosts, shortfall);
        }
        boolean insisting = !failures.isEmpty() && failures.stream().allMatch(failure -> failure.obstacle() == Obstacle.TLS_NOT_OFFERED);
        if (insisting) {
            return new DeliveryResult.Refused(Failure.permanent("7.10", toStrangers(failures.getLast().cause())));
        }
        boolean leftOut = failures.stream().anyMatch(failure ->
            failure.obstacle() == Obstacle.TLS_LEFT_OUT || failure.obstacle() == Obstacle.TLS_NOT_OFFERED);
        return new DeliveryResult.Deferred(Failure.temporary(leftOut ? "7.10" : "4.1",
            toStrangers("no mail host of " + mail.domain() + " takes the mail now: " + hosts)));
    }

    private String hostsInWords() {
        return failures.stream().map(failure -> {
            // a reply names its host itself
            boolean named = failure.cause().startsWith(failure.host().name().toString());
            return named ? failure.cause() : failure.host().name() + " " + failure.cause();
        }).distinct().collect(Collectors.joining("; "));
    }

    private DeliveryResult withoutPolicyTls(String hosts, List<Violation> shortfall) {
        boolean noTls = shortfall.stream().anyMatch(violation -> violation.type() == ResultType.STARTTLS_NOT_SUPPORTED);
        return new DeliveryResult.Deferred(Failure.byPolicy(noTls ? "7.10" : "7.5", toStrangers(mail.domain() + " requires verified TLS ("
            + policyInWords() + ") and none of its mail hosts passed: " + hosts), remedy(shortfall)));
    }

    private DeliveryResult withoutRequiredTls(List<Violation> shortfall, String hosts) {
        String text = toStrangers("the sender requires TLS (REQUIRETLS), and no mail host of " + mail.domain() + " provides it: " + hosts);
        boolean definite = failures.stream().allMatch(failure -> failure.obstacle() == Obstacle.POLICY);
        // RFC 8689 §4.2.1: 5.7.30 when only the keyword is missing, else 5.7.10
        boolean keywordOnly = shortfall.stream().allMatch(Verdict::isMissingRequireTls);
        String status = keywordOnly ? "7.30" : "7.10";
        return definite ? new DeliveryResult.Refused(Failure.permanent(status, text))
            : new DeliveryResult.Deferred(Failure.byPolicy(status, text, "The sender can send it without REQUIRETLS."));
    }

    private String policyInWords() {
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
        return mail.via().filter(via -> via.certificate() == FixedNextHop.Certificate.VERIFIED).isPresent();
    }

    /** What stood in the way at that host, one line each. */
    List<String> causesAt(MxHost host) {
        return failures.stream().filter(failure -> failure.host().equals(host)).map(HostFailure::cause).distinct().toList();
    }

    void log(DeliveryResult result) {
        log.finished(result);
    }

    private void fail(MxHost host, Optional<InetAddress> address, TlsDemand demand, TlsLevel level, Obstacle obstacle,
                      List<Violation> shortfall, String cause) {
        String where = address.map(ip -> "[" + ip.getHostAddress() + "] ").orElse("");
        failures.add(new HostFailure(host, demand, obstacle, shortfall, where + (shortfall.isEmpty() ? cause : toPeople(shortfall))));
        metrics.count(obstacle == Obstacle.POLICY || obstacle == Obstacle.LOOKUP ? Count.SESSION_REFUSED_BY_POLICY : Count.SESSION_FAILED);
        log.skipped(host, address, demand, level, cause);
    }

    /** For bounces: as {@link #inWords}, without the words of the registry where a plain reason is at hand. */
    private static String toPeople(List<Violation> shortfall) {
        return shortfall.stream().map(fault -> {
            String type = fault.type().wireName().replace('-', ' ').replace("starttls", "STARTTLS").replace("dnssec", "DNSSEC")
                .replace("tlsa", "TLSA");
            return fault.reason().isEmpty() ? type : fault.type() == ResultType.VALIDATION_FAILURE ? fault.reason()
                : type + " (" + fault.reason() + ")";
        }).collect(Collectors.joining(", "));
    }

    /** For the log: the registered names of the faults, and their reasons. */
    static String inWords(List<Violation> shortfall) {
        return shortfall.stream().map(Violation::toString).collect(Collectors.joining(", "));
    }

    /** For bounces and reports: bounded, and without the addresses of our resolvers. */
    static String toStrangers(String text) {
        String told = RESOLVER.matcher(text).replaceAll("the resolver");
        return told.length() > MAX_TEXT ? told.substring(0, MAX_TEXT) + "…" : told;
    }
}
