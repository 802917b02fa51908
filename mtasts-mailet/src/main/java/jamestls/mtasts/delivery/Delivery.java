package jamestls.mtasts.delivery;

import jamestls.dns.AddressGuard;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.mtasts.delivery.FairKeyedSemaphore.Permit;
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
import jamestls.smtp.SessionKey;
import jamestls.smtp.SessionPool.Lease;
import jamestls.smtp.TlsObservation;
import jamestls.smtp.TlsUse;
import jamestls.smtp.Transmission;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One attempt to deliver one mail to one domain, from top to bottom: find the hosts, decide what the session with each
 * must have, connect, observe, judge, send, or go on to the next host. Everything it does not do is another room's.
 */
public sealed class Delivery permits DryRun {

    private static final int MAX_ADDRESSES_PER_HOST = 6;
    private static final Duration LONG_DECIDED = Duration.ofMillis(50);
    private static final int MAX_DECISIONS = 3;

    private final Destinations destinations;
    private final HostLookup planner;
    private final StsPolicies policies;
    private final CertificateCheck certificates;
    private final OutboundResources traffic;
    private final AddressGuard guard;
    private final int smtpPort;
    private final TlsOutcomeSink outcomes;
    private final Meter meter;
    private final Clock clock;

    public Delivery(Destinations destinations, HostLookup planner, StsPolicies policies, CertificateCheck certificates,
                    OutboundResources traffic, AddressGuard guard, int smtpPort, TlsOutcomeSink outcomes,
                    Meter meter, Clock clock) {
        this.destinations = destinations;
        this.planner = planner;
        this.policies = policies;
        this.certificates = certificates;
        this.traffic = traffic;
        this.guard = guard;
        this.smtpPort = smtpPort;
        this.outcomes = outcomes;
        this.meter = meter;
        this.clock = clock;
    }

    /** Tries every host once; the outcomes of all sessions are recorded before this returns. */
    DeliveryResult deliver(OutboundMail mail) {
        AttemptLog attempts = attempts(mail);
        Runnable attemptEnds = meter.attempt();
        DeliveryResult result = switch (mail.via().map(FixedNextHop::destination).orElseGet(() -> destinations.find(mail.domain()))) {
            case Destination.Hosts hosts -> throughOneOf(hosts, mail, attempts);
            case Destination.TakesNoMail none ->
                // RFC 7505 §4.2
                new DeliveryResult.Refused(Failure.permanent("1.10", mail.domain() + " takes no mail (null MX)"));
            case Destination.LoopsBack loop -> attempts.loop(loop.ourselves());
            case Destination.Unknown unknown -> attempts.withoutHosts(unknown);
        };
        outcomes.record(attempts.outcomes());
        attempts.log(result);
        meter.finished(result);
        attemptEnds.run();
        return result;
    }

    private DeliveryResult throughOneOf(Destination.Hosts hosts, OutboundMail mail, AttemptLog attempts) {
        StsLookup sts = mail.via().filter(via -> !via.isNamed()).isPresent()
            ? new StsLookup.NoPolicy("an address has no policy") : policies.lookup(mail.domain());
        attempts.apply(sts);
        Optional<DeliveryResult> result = tryInOrder(hosts, sts, mail, attempts);
        if (result.isEmpty() && sts instanceof StsLookup.Found rejected && attempts.onlyStsStoodInTheWay()) {
            // RFC 8461 §5.1: look for a newer policy before failing; it may have changed under an unchanged id
            Optional<StsPolicy> renewed = policies.recheck(mail.domain(), rejected.policy());
            if (renewed.isPresent()) {
                StsLookup.Found again = new StsLookup.Found(renewed.get(), Optional.empty());
                attempts.apply(again);
                result = tryInOrder(hosts, again, mail, attempts);
            }
        }
        return result.orElseGet(attempts::exhausted);
    }

    private Optional<DeliveryResult> tryInOrder(Destination.Hosts hosts, StsLookup sts, OutboundMail mail, AttemptLog attempts) {
        for (MxHost host : hosts.inOrder()) {
            if (attempts.isLoop(host)) {
                break;
            }
            HostPlan plan = plan(mail, hosts, host, sts);
            TlsDemand demand = plan.demand();
            Optional<Verdict> never = Verdict.beforeConnecting(demand);
            if (never.isPresent()) {
                attempts.notConnected(host, demand, never.get());
                continue;
            }
            for (InetAddress address : addressesOf(plan, attempts)) {
                Optional<DeliveryResult> result = tryAddress(new Route(host, address, demand), mail, attempts);
                if (result.isPresent()) {
                    return result;
                }
            }
        }
        return Optional.empty();
    }

    Optional<DeliveryResult> tryAddress(Route route, OutboundMail mail, AttemptLog attempts) {
        DomainName name = route.host().name();
        SessionKey key = new SessionKey(name, route.demand().sni(name),
            new InetSocketAddress(route.address(), route.host().port().orElse(smtpPort)));
        Optional<Permit> turn = traffic.turnAt(key.address());
        if (turn.isEmpty()) {
            return Optional.of(busy(route));
        }
        try (Permit there = turn.get()) {
            attempts.start();
            for (int round = 1; ; round++) {
                Optional<DeliveryResult> result = overIdleSession(route, key, mail, attempts);
                if (result.isPresent()) {
                    return result;
                }
                long since = System.nanoTime();
                Optional<Permit> place = traffic.turn();
                if (place.isEmpty()) {
                    return Optional.of(busy(route));
                }
                try (Permit anywhere = place.get()) {
                    // a decision to open another session is not kept over a wait either
                    boolean stale = System.nanoTime() - since > LONG_DECIDED.toNanos() && round < MAX_DECISIONS;
                    if (!stale || !traffic.sessions().keepUp(key, backlog(mail))) {
                        return overNewSession(route, key, useOfTls(route, key, mail, attempts), mail, attempts);
                    }
                }
            }
        }
    }

    private int backlog(OutboundMail mail) {
        return traffic.atDomain().users(mail.domain().ascii());
    }

    AttemptLog attempts(OutboundMail mail) {
        return new AttemptLog(mail, meter, clock);
    }

    HostPlan plan(OutboundMail mail, Destination.Hosts hosts, MxHost host, StsLookup sts) {
        return planner.plan(mail, hosts, host, host.port().orElse(smtpPort), sts);
    }

    /** A session that was opened for another mail does if what was seen of it satisfies this mail's demand, judged anew. */
    private Optional<DeliveryResult> overIdleSession(Route route, SessionKey key, OutboundMail mail, AttemptLog attempts) {
        Optional<Lease> idle = traffic.sessions().idleOrSoon(key, seen -> judge(route, seen).ruling() == Verdict.Ruling.SEND,
            backlog(mail));
        if (idle.isEmpty()) {
            return Optional.empty();
        }
        try (Lease lease = idle.get()) {
            Optional<Permit> turn = traffic.turn();
            if (turn.isEmpty()) {
                lease.keep();
                return Optional.of(busy(route));
            }
            try (Permit anywhere = turn.get()) {
                Verdict verdict = judge(route, lease.session().observation());
                Transmission transmission = send(lease, mail);
                // the session may just have been too old: a new one decides. RFC 8460 §4: no new session, no outcome
                if (transmission.leavesOpen()) {
                    return Optional.empty();
                }
                attempts.reused();
                return attempts.sent(route, verdict.level(), transmission);
            }
        }
    }

    private static DeliveryResult busy(Route route) {
        return new DeliveryResult.Postponed(route.host().name() + " is busy");
    }

    private Optional<DeliveryResult> overNewSession(Route route, SessionKey key, TlsUse use, OutboundMail mail, AttemptLog attempts) {
        TlsUse again = use;
        try (Lease lease = traffic.sessions().open(key, use)) {
            TlsObservation seen = lease.session().observation();
            if (traffic.isStopping()) {
                // it may be us who cut it off: no fault of the host's
                return Optional.of(new DeliveryResult.Postponed("James stops"));
            }
            if (isOurselves(route.host(), seen)) {
                attempts.unreachable(route.host(), route.demand(), route.address().getHostAddress() + " calls itself by our own name");
                return Optional.empty();
            }
            Verdict verdict = switch (use) {
                case NEVER -> Verdict.inClear(seen);
                case IF_OFFERED -> judge(route, seen);
                case IMPLICIT -> judge(route, seen).withoutClearText();
            };
            if (seen.isResumed() && verdict.ruling() != Verdict.Ruling.SEND) {
                // the certificate may have been replaced since it was shown: a handshake that shows it decides
                traffic.beginTlsAnew(key);
            } else {
                attempts.judged(route, seen, verdict);
                switch (verdict.ruling()) {
                    case SEND -> {
                        return attempts.sent(route, verdict.level(), send(lease, mail));
                    }
                    case NEXT_HOST -> {
                        if (use == TlsUse.NEVER) {
                            traffic.forgetTls(key);
                        }
                        return Optional.empty();
                    }
                    case RETRY_IN_CLEAR -> {
                        traffic.tlsFailed(key, AttemptLog.inWords(verdict.shortfall()));
                        again = TlsUse.NEVER;
                    }
                }
            }
        }
        return overNewSession(route, key, again, mail, attempts);
    }

    /** What has failed in TLS a moment ago is not tried again for a mail that would go on in clear. */
    private TlsUse useOfTls(Route route, SessionKey key, OutboundMail mail, AttemptLog attempts) {
        if (mail.tls() == TlsUse.IMPLICIT) {
            return TlsUse.IMPLICIT;
        }
        Optional<String> fault = route.demand().isIndifferentToTls() ? traffic.failedTls(key) : Optional.empty();
        fault.ifPresent(cause -> attempts.withoutTls(route, cause));
        return fault.isPresent() ? TlsUse.NEVER : TlsUse.IF_OFFERED;
    }

    Transmission send(Lease lease, OutboundMail mail) {
        Transmission transmission = MailContent.send(mail, lease.session());
        if (!transmission.leavesOpen()) {
            lease.keep();
        }
        return transmission;
    }

    Verdict judge(Route route, TlsObservation seen) {
        return Verdict.of(route.demand(), seen, CertificateFaults.of(route.demand(), seen, certificates, clock.instant()));
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

    private List<InetAddress> usable(List<InetAddress> found, MxHost host, TlsDemand demand, AttemptLog attempts) {
        List<InetAddress> usable = new ArrayList<>();
        for (InetAddress address : found.subList(0, Math.min(found.size(), MAX_ADDRESSES_PER_HOST))) {
            if (host.namedBy() == NamedBy.OPERATOR) {
                usable.add(address);
            } else if (destinations.itself().is(address)) {
                attempts.reachedOurselves(host, demand, address);
                return List.of();
            } else {
                guard.objection(address).ifPresentOrElse(
                    objection -> attempts.unreachable(host, demand, objection + ", and allowPrivateAddresses is false"),
                    () -> usable.add(address));
            }
        }
        return usable;
    }

    /** RFC 5321 §6.3: a server that greets with our own name is us, or lies. */
    private boolean isOurselves(MxHost host, TlsObservation seen) {
        return host.namedBy() == NamedBy.STRANGER && seen.helo().filter(destinations.itself()::answersTo).isPresent();
    }
}
