package jamestls.mtasts.delivery;

import jamestls.dns.AddressGuard;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.mtasts.delivery.FairKeyedSemaphore.Permit;
import jamestls.mtasts.delivery.HostLookup.HostPlan;
import jamestls.mtasts.delivery.ReplyInterpretation.Family;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.mx.MxHost.NamedBy;
import jamestls.mtasts.policy.CertificateCheck;
import jamestls.mtasts.policy.CertificateFaults;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.policy.Verdict;
import jamestls.mtasts.sts.StsLookup;
import jamestls.mtasts.sts.StsPolicies;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.outcome.TlsOutcomeSink;
import jamestls.smtp.Admission;
import jamestls.smtp.SessionFailure;
import jamestls.smtp.SessionKey;
import jamestls.smtp.SessionPool.Lease;
import jamestls.smtp.SessionPool.Opening;
import jamestls.smtp.SmtpConnector.TlsUse;
import jamestls.smtp.TlsObservation;
import jamestls.smtp.Transmission;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt to deliver one mail to one domain: find the hosts, decide what a session with each must have, connect, observe,
 * judge, send, or go on to the next host.
 */
public sealed class Delivery permits DryRun {

    private static final Logger LOGGER = LoggerFactory.getLogger(Delivery.class);
    private static final int MAX_ADDRESSES_PER_HOST = 6;
    /** Hosts of one domain that are connected to in one attempt. */
    private static final int MAX_HOSTS = 20;
    /**
     * With TLS, once more with TLS, in clear text; one whose resumed TLS session did not satisfy; and one more for each of two
     * extensions that the server does not master.
     */
    private static final int MAX_SESSIONS_PER_ADDRESS = 6;

    private final Lookups lookups;
    private final CertificateCheck certificates;
    private final OutboundResources resources;
    private final AddressGuard guard;
    private final int smtpPort;
    private final Recording recording;

    /** Where a delivery learns about destinations and policies. */
    public record Lookups(Destinations destinations, HostLookup hosts, StsPolicies policies) {
    }

    /** Where a delivery records what it did. */
    public record Recording(TlsOutcomeSink outcomes, DeliveryMetrics metrics, Clock clock) {
    }

    /**
     * One way to a domain.
     *
     * @param family whether the address is of IPv6 and an IPv4 address of the same host is still to be tried
     * @param demand what a session there must have
     */
    record Route(MxHost host, InetAddress address, Family family, TlsDemand demand) {
    }

    /**
     * @param guard objects to addresses that strangers must not send us to
     * @param smtpPort of all hosts that have no port of their own
     */
    public Delivery(Lookups lookups, CertificateCheck certificates, OutboundResources resources, AddressGuard guard, int smtpPort,
                    Recording recording) {
        this.lookups = lookups;
        this.certificates = certificates;
        this.resources = resources;
        this.guard = guard;
        this.smtpPort = smtpPort;
        this.recording = recording;
    }

    /** Tries every host once; the outcomes of all sessions are recorded before this returns. */
    DeliveryResult deliver(OutboundMail mail) {
        AttemptLog attempts = attempts(mail);
        Runnable attemptEnds = recording.metrics().attempt();
        Destination destination = mail.via().map(FixedNextHop::destination).orElseGet(() -> lookups.destinations().find(mail.domain()));
        DeliveryResult result = switch (destination) {
            case Destination.Hosts hosts -> throughOneOf(hosts, mail, attempts);
            case Destination.TakesNoMail none ->
                // RFC 7505 §4.2
                new DeliveryResult.Refused(Failure.permanent("1.10", mail.domain() + " takes no mail (null MX)"));
            // RFC 3463 §3.5: unable to route; Postfix gives the same status
            case Destination.NoHostName none ->
                new DeliveryResult.Refused(Failure.permanent("4.4", mail.domain() + " can't receive mail: " + none.reason()));
            case Destination.LoopsBack loop -> attempts.loop(loop.ourselves());
            case Destination.Unknown unknown -> attempts.withoutHosts(unknown);
        };
        recorded(mail, () -> recording.outcomes().record(attempts.outcomes()));
        recorded(mail, () -> attempts.log(result));
        recorded(mail, () -> recording.metrics().finished(result));
        recorded(mail, attemptEnds);
        return result;
    }

    /** What the hosts have decided stays decided, whatever goes wrong in telling it. */
    private static void recorded(OutboundMail mail, Runnable record) {
        try {
            record.run();
        } catch (RuntimeException | Error e) {
            LOGGER.error("Mail {}: a result was not counted or logged", mail.id(), e);
        }
    }

    private DeliveryResult throughOneOf(Destination.Hosts hosts, OutboundMail mail, AttemptLog attempts) {
        StsLookup sts = mail.via().filter(via -> !via.isNamed()).isPresent()
            ? new StsLookup.NoPolicy("an address has no policy") : lookups.policies().lookup(mail.domain());
        attempts.apply(sts);
        Optional<DeliveryResult> result = tryInOrder(hosts, sts, mail, attempts);
        if (result.isEmpty() && sts instanceof StsLookup.Found rejected && attempts.onlyStsStoodInTheWay()) {
            // RFC 8461 §5.1: look for a newer policy before failing; it may have changed under an unchanged id
            Optional<StsPolicy> renewed = lookups.policies().recheck(mail.domain(), rejected.policy());
            if (renewed.isPresent()) {
                StsLookup.Found again = new StsLookup.Found(renewed.get(), Optional.empty());
                attempts.apply(again);
                result = tryInOrder(hosts, again, mail, attempts);
            }
        }
        return result.orElseGet(attempts::exhausted);
    }

    private Optional<DeliveryResult> tryInOrder(Destination.Hosts hosts, StsLookup sts, OutboundMail mail, AttemptLog attempts) {
        int connected = 0;
        for (MxHost host : hosts.inOrder()) {
            if (attempts.isLoop(host) || connected == MAX_HOSTS) {
                break;
            }
            HostPlan plan = plan(mail, hosts, host, sts);
            Optional<Verdict> never = Verdict.beforeConnecting(plan.demand());
            if (never.isPresent()) {
                attempts.notConnected(host, plan.demand(), never.get());
                continue;
            }
            List<InetAddress> addresses = addressesOf(plan, attempts);
            // hosts that cost no connection do not count: the only one that a policy lists may be the last of many
            connected += addresses.isEmpty() ? 0 : 1;
            Optional<DeliveryResult> result = tryAddresses(host, addresses, plan.demand(), attempts);
            if (result.isPresent()) {
                return result;
            }
        }
        return Optional.empty();
    }

    private Optional<DeliveryResult> tryAddresses(MxHost host, List<InetAddress> addresses, TlsDemand demand, AttemptLog attempts) {
        for (int i = 0; i < addresses.size(); i++) {
            InetAddress address = addresses.get(i);
            boolean ipv6 = address instanceof Inet6Address;
            if (ipv6 && attempts.refusesIpv6(host)) {
                continue;
            }
            boolean ipv4Left = addresses.subList(i, addresses.size()).stream().anyMatch(Inet4Address.class::isInstance);
            Family family = ipv6 && ipv4Left ? Family.IPV6_BEFORE_IPV4 : Family.LAST;
            Optional<DeliveryResult> result = tryAddress(new Route(host, address, family, demand), attempts);
            if (result.isPresent()) {
                return result;
            }
            if (attempts.refusesIpv6(host)) {
                lookups.destinations().addressOrder().preferIpv4(host.name());
            }
        }
        return Optional.empty();
    }

    /** Sends the mail over an idle session with that address, or over a new one; empty when the next address may be tried. */
    Optional<DeliveryResult> tryAddress(Route route, AttemptLog attempts) {
        DomainName name = route.host().name();
        SessionKey key = new SessionKey(name, route.demand().sni(name),
            new InetSocketAddress(route.address(), route.host().port().orElse(smtpPort)));
        attempts.start();
        Predicate<TlsObservation> suits = seen -> judge(route, seen).ruling() == Verdict.Ruling.SEND;
        while (true) {
            switch (resources.admit(key, suits, resources.atDomain().users(attempts.mail().domain().ascii()))) {
                case Admission.Reuse reuse -> {
                    Optional<DeliveryResult> result = overIdleSession(route, reuse.lease(), attempts);
                    if (result.isPresent()) {
                        return result;
                    }
                    suits = seen -> false;
                }
                case Admission.Open open -> {
                    try (Opening opening = open.opening()) {
                        Optional<DeliveryResult> result = overNewSession(route, key, opening, attempts);
                        if (result.isPresent() || !opening.isRefused()) {
                            return result;
                        }
                    }
                }
                case Admission.Failed failed -> {
                    attempts.unreachable(route.host(), route.demand(),
                        "[" + route.address().getHostAddress() + "] failed for another mail: " + failed.why().detail());
                    return Optional.empty();
                }
                case Admission.Busy busy -> {
                    return busy(route, attempts);
                }
            }
        }
    }

    AttemptLog attempts(OutboundMail mail) {
        return new AttemptLog(mail, recording.metrics(), recording.clock());
    }

    HostPlan plan(OutboundMail mail, Destination.Hosts hosts, MxHost host, StsLookup sts) {
        return lookups.hosts().plan(mail, hosts, host, host.port().orElse(smtpPort), sts);
    }

    /** Over a session that was opened for another mail; empty when it takes no mail any more. */
    private Optional<DeliveryResult> overIdleSession(Route route, Lease idle, AttemptLog attempts) {
        try (Lease lease = idle) {
            Optional<Permit> inAll = resources.turn();
            if (inAll.isEmpty()) {
                lease.keep();
                return busy(route, attempts);
            }
            try (Permit anywhere = inAll.get()) {
                TlsObservation seen = lease.session().observation();
                Verdict verdict = judge(route, seen);
                Transmission transmission = send(lease, attempts.mail());
                if (transmission.leavesOpen() || lease.session().isMisledByEhlo()) {
                    // the session may just have been too old: a new one decides
                    return Optional.empty();
                }
                attempts.reused(seen, verdict, resources.counts(seen));
                return attempts.sent(route, verdict.level(), seen, transmission);
            }
        }
    }

    private static Optional<DeliveryResult> busy(Route route, AttemptLog attempts) {
        return Optional.of(attempts.postponed(route.host().name() + " is busy"));
    }

    private Optional<DeliveryResult> overNewSession(Route route, SessionKey key, Opening opening, AttemptLog attempts) {
        Optional<Permit> inAll = opening.isProbe() ? resources.turnOfUnproven() : resources.turn();
        if (inAll.isEmpty()) {
            return busy(route, attempts);
        }
        try (Permit anywhere = inAll.get()) {
            return overNewSessionInPlace(route, key, opening, attempts);
        }
    }

    /**
     * Opens a session with TLS; where that fails and no policy forbids it, one in clear text. A server that hangs up right after the
     * handshake gets one more chance with TLS in between.
     */
    private Optional<DeliveryResult> overNewSessionInPlace(Route route, SessionKey key, Opening opening, AttemptLog attempts) {
        TlsUse use = attempts.mail().tls();
        boolean closedBefore = false;
        for (int session = 1; session <= MAX_SESSIONS_PER_ADDRESS; session++) {
            try (Lease lease = opening.open(use)) {
                TlsObservation seen = lease.session().observation();
                remember(route.address(), seen);
                if (resources.isStopping()) {
                    // the connection may have been cut by our own stopping: no fault of the host's
                    return Optional.of(attempts.postponed("James stops"));
                }
                if (opening.isRefused()) {
                    return Optional.empty();
                }
                if (isOurselves(route.host(), seen)) {
                    attempts.unreachable(route.host(), route.demand(),
                        route.address().getHostAddress() + " greets with this server's name");
                    return Optional.empty();
                }
                Verdict verdict = verdict(route, use, closedBefore, seen);
                if (seen.isResumed() && (verdict.ruling() == Verdict.Ruling.NEXT_HOST
                    || verdict.ruling() == Verdict.Ruling.RETRY_IN_CLEAR)) {
                    // the certificate may have been replaced since it was shown: a full handshake decides
                    resources.beginTlsAnew(key);
                    continue;
                }
                attempts.judged(route, seen, verdict, resources.counts(seen));
                switch (verdict.ruling()) {
                    case SEND -> {
                        Transmission transmission = send(lease, attempts.mail());
                        if (lease.session().isMisledByEhlo()) {
                            // the server does not master what it lists: a new session does without
                            continue;
                        }
                        return attempts.sent(route, verdict.level(), seen, transmission);
                    }
                    case NEXT_HOST -> {
                        return Optional.empty();
                    }
                    case RETRY_WITH_TLS -> {
                        resources.beginTlsAnew(key);
                        closedBefore = true;
                    }
                    case RETRY_IN_CLEAR -> use = TlsUse.NEVER;
                }
            }
        }
        return Optional.empty();
    }

    private Verdict verdict(Route route, TlsUse use, boolean closedBefore, TlsObservation seen) {
        Verdict verdict = use == TlsUse.NEVER ? Verdict.inClear(seen) : judge(route, seen);
        Verdict once = closedBefore ? verdict.closedAgain() : verdict;
        return use == TlsUse.IMPLICIT ? once.withoutClearText() : once;
    }

    Transmission send(Lease lease, OutboundMail mail) {
        Transmission transmission = MailContent.send(mail, lease.session());
        if (!transmission.leavesOpen()) {
            lease.keep();
        }
        return transmission;
    }

    Verdict judge(Route route, TlsObservation seen) {
        return Verdict.of(route.demand(), seen, CertificateFaults.of(route.demand(), seen, certificates, recording.clock().instant()));
    }

    /** So that an address or a family that takes no connection costs the next mail no time. */
    private void remember(InetAddress address, TlsObservation seen) {
        Optional<SessionFailure> notConnected = seen.failure().filter(failure -> failure.phase() == SessionFailure.Phase.CONNECT);
        if (notConnected.isEmpty()) {
            lookups.destinations().addressOrder().connected(address);
        } else if (!resources.isStopping()) {
            lookups.destinations().addressOrder().notConnected(address, notConnected.get().detail());
        }
    }

    private List<InetAddress> addressesOf(HostPlan plan, AttemptLog attempts) {
        MxHost host = plan.host();
        TlsDemand demand = plan.demand();
        return switch (plan.addresses()) {
            case DnsAnswer.Found<InetAddress> found -> usable(found.records(), host, demand, attempts);
            case DnsAnswer.Absent<InetAddress> absent -> {
                attempts.withoutAddress(host, demand);
                yield List.of();
            }
            case DnsAnswer.Bogus<InetAddress> bogus -> {
                attempts.unreachable(host, demand, "addresses fail DNSSEC validation: " + bogus.reason());
                yield List.of();
            }
            case DnsAnswer.Failed<InetAddress> failed -> {
                attempts.unreachable(host, demand, "address look-up failed: " + failed.reason());
                yield List.of();
            }
        };
    }

    /** Those that may be connected to: what can't be used is left out first, then the number is bounded. */
    private List<InetAddress> usable(List<InetAddress> found, MxHost host, TlsDemand demand, AttemptLog attempts) {
        List<InetAddress> usable = new ArrayList<>();
        for (InetAddress address : found) {
            if (host.namedBy() == NamedBy.OPERATOR) {
                usable.add(address);
            } else if (lookups.destinations().itself().is(address)) {
                attempts.reachedOurselves(host, demand, address);
                return List.of();
            } else {
                guard.objection(address).ifPresentOrElse(
                    objection -> attempts.unreachable(host, demand, objection + ", and allowPrivateAddresses is false"),
                    () -> usable.add(address));
            }
        }
        // cut last, so that addresses which can't be used hide none that can
        return lookups.destinations().addressOrder().of(host.name(), usable).stream().limit(MAX_ADDRESSES_PER_HOST).toList();
    }

    /** A server that greets with our own name is this server, or lies (RFC 5321 §6.3). */
    private boolean isOurselves(MxHost host, TlsObservation seen) {
        return host.namedBy() == NamedBy.STRANGER && seen.helo().filter(lookups.destinations().itself()::answersTo).isPresent();
    }
}
