package jamestls.mtasts.delivery;

import jamestls.mtasts.delivery.OutboundMail.Retry;
import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.policy.TlsDemand.Ruled;
import jamestls.mtasts.policy.Verdict;
import jamestls.mtasts.sts.StsLookup;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Why the hosts of one attempt did not get the mail, in the order in which they were tried, and what the sender is told of it. */
final class HostFailures {

    /** Why the mail was not sent to a host. */
    enum Obstacle {
        POLICY, LOOKUP, NO_ADDRESS, ADDRESS_LOOKUP, NETWORK, REPLY, TLS_DEMANDED_AFTER_FALLBACK, TLS_DEMANDED_NOT_OFFERED, OWN_ADDRESS
    }

    /**
     * Why one host did not get the mail.
     *
     * @param shortfall what TLS lacked, if that was the reason
     * @param cause for people
     */
    record HostFailure(MxHost host, TlsDemand demand, Obstacle obstacle, List<Violation> shortfall, String cause) {
    }

    private static final int MAX_TEXT = 1_500;
    /** A resolver's address in error texts. It appears in the log only, not in bounces and reports. */
    private static final Pattern RESOLVER = Pattern.compile("resolver [0-9a-fA-F.:%\\[\\]]+ port [0-9]+");

    private final List<HostFailure> failures = new ArrayList<>();

    void add(HostFailure failure) {
        failures.add(failure);
    }

    void clear() {
        failures.clear();
    }

    /** Whether this was the only obstacle. */
    boolean areAll(Obstacle obstacle) {
        return !failures.isEmpty() && failures.stream().allMatch(failure -> failure.obstacle() == obstacle);
    }

    /** Whether mail to that host would loop: a host of the same or a better preference is this server. */
    boolean isLoop(MxHost host) {
        return failures.stream().anyMatch(failure -> failure.obstacle() == Obstacle.OWN_ADDRESS
            && failure.host().preference() <= host.preference());
    }

    /** Whether every failure so far came from an MTA-STS policy, so that a newer policy may change the result. */
    boolean failedOnlyByStsPolicy() {
        return !failures.isEmpty()
            && failures.stream().allMatch(failure -> failure.obstacle() == Obstacle.POLICY && failure.demand().sts().isPresent());
    }

    /** Why the mail was not sent to that host, one line per cause. */
    List<String> causesAt(MxHost host) {
        return failures.stream().filter(failure -> failure.host().equals(host)).map(HostFailure::cause).distinct().toList();
    }

    /** The hosts that a policy rejects, in order of preference. */
    List<MxHost> rejected() {
        return failures.stream().filter(failure -> failure.obstacle() == Obstacle.POLICY || failure.obstacle() == Obstacle.LOOKUP)
            .map(HostFailure::host).distinct().toList();
    }

    /** The result when the best mail host of the domain is this server. */
    static DeliveryResult loop(OutboundMail mail, MxHost ourselves) {
        return new DeliveryResult.Refused(Failure.permanent("4.6", "the mail host of " + mail.domain() + ", " + ourselves.name()
            + ", is this server, and this server has no mailboxes for that domain (mail loop)"));
    }

    /** The result when no host is left. */
    DeliveryResult result(OutboundMail mail, StsLookup sts) {
        if (failures.size() == 1 && failures.getFirst().obstacle() == Obstacle.NO_ADDRESS
                && failures.getFirst().host().name().equals(mail.domain())) {
            // RFC 5321 §5.1: neither MX nor address record, both provably absent
            String text = "the domain " + mail.domain() + " has no mail host and no address";
            return mail.handling().missingDomain() == Retry.NO ? new DeliveryResult.Refused(Failure.permanent("1.2", text))
                : new DeliveryResult.Deferred(Failure.temporary("1.2", text + "; the domain is looked up again later"));
        }
        Optional<HostFailure> loop = failures.stream().findFirst().filter(failure -> failure.obstacle() == Obstacle.OWN_ADDRESS);
        if (loop.isPresent()) {
            return loop(mail, loop.get().host());
        }
        String hosts = hostsText();
        List<Violation> shortfall = failures.stream().flatMap(failure -> failure.shortfall().stream()).toList();
        if (!shortfall.isEmpty()) {
            return mail.tlsRequest() == SenderTlsRequest.REQUIRED ? withoutRequiredTls(mail, shortfall, hosts)
                : withoutPolicyTls(mail, sts, hosts, shortfall);
        }
        if (areAll(Obstacle.TLS_DEMANDED_NOT_OFFERED)) {
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

    private DeliveryResult withoutPolicyTls(OutboundMail mail, StsLookup sts, String hosts, List<Violation> shortfall) {
        boolean noTls = shortfall.stream().anyMatch(violation -> violation.type() == ResultType.STARTTLS_NOT_SUPPORTED);
        return new DeliveryResult.Deferred(Failure.byPolicy(noTls ? "7.10" : "7.5", publicText(mail.domain() + " requires verified TLS ("
            + policyText(mail, sts) + ") and none of its mail hosts passed: " + hosts), remedy(mail, shortfall)));
    }

    private DeliveryResult withoutRequiredTls(OutboundMail mail, List<Violation> shortfall, String hosts) {
        String text = publicText("the sender requires TLS (REQUIRETLS), and no mail host of " + mail.domain() + " provides it: " + hosts);
        boolean definite = failures.stream().allMatch(failure -> failure.obstacle() == Obstacle.POLICY);
        // RFC 8689 §4.2.1: 5.7.30 when only the keyword is missing, else 5.7.10
        boolean keywordOnly = shortfall.stream().allMatch(Verdict::isMissingRequireTls);
        String status = keywordOnly ? "7.30" : "7.10";
        return definite ? new DeliveryResult.Refused(Failure.permanent(status, text))
            : new DeliveryResult.Deferred(Failure.byPolicy(status, text, "The sender can send it without REQUIRETLS."));
    }

    private String policyText(OutboundMail mail, StsLookup sts) {
        if (byOperator(mail)) {
            return "verifyServerIdentity of this server";
        }
        Set<String> policies = new LinkedHashSet<>();
        failures.stream().map(HostFailure::demand).filter(Ruled.class::isInstance)
            .forEach(demand -> policies.add(((Ruled) demand).levels() + ", a rule of this server"));
        for (HostFailure failure : failures) {
            if (failure.demand() instanceof TlsDemand.Unreachable never) {
                policies.add(never.why().type() == ResultType.DANE_REQUIRED ? "dane-only, a rule of this server" : "DNSSEC");
            }
            failure.demand().tlsaRecords().ifPresent(tlsa -> policies.add("DANE"));
        }
        if (sts instanceof StsLookup.Found found && failures.stream().anyMatch(failure -> failure.demand().sts().isPresent())) {
            policies.add("MTA-STS, mode " + found.policy().mode().wireName() + ", mx: "
                + String.join(", ", found.policy().applied(mail.domain()).mxHosts()));
        }
        return String.join("; ", policies);
    }

    private String remedy(OutboundMail mail, List<Violation> shortfall) {
        if (byOperator(mail)) {
            return "Only the administrators of this server or of " + mail.domain() + " can fix this.";
        }
        if (shortfall.stream().anyMatch(fault -> fault.type() == ResultType.DANE_REQUIRED)) {
            return "If " + mail.domain() + " has no DANE, the administrator of this server can change that rule.";
        }
        if (failures.stream().map(HostFailure::demand).anyMatch(Ruled.class::isInstance)) {
            return "The postmaster of " + mail.domain() + " can fix this, or the administrator of this server can change that rule.";
        }
        boolean dns = failures.stream().anyMatch(failure -> failure.demand() instanceof TlsDemand.Unreachable);
        boolean dane = failures.stream().anyMatch(failure -> failure.demand().tlsaRecords().isPresent());
        return "Only the postmaster of " + mail.domain() + " can fix this" + (dns ? ", in the DNSSEC signatures or name servers."
            : dane ? ", in the certificate or TLSA records of the host." : ".");
    }

    private static boolean byOperator(OutboundMail mail) {
        return mail.nextHop().filter(hop -> hop.certificate() == FixedNextHop.Certificate.VERIFIED).isPresent();
    }

    /** The text for bounces: the reason in plain words where there is one, else the registered name of the fault. */
    static String bounceText(List<Violation> shortfall) {
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
