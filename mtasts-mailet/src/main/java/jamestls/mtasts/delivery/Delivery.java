package jamestls.mtasts.delivery;

import jamestls.dns.AddressGuard;
import jamestls.dns.DomainName;
import jamestls.mtasts.delivery.FairKeyedSemaphore.Permit;
import jamestls.mtasts.delivery.HostLookup.HostPlan;
import jamestls.mtasts.delivery.MailContent.Prepared;
import jamestls.mtasts.delivery.ReplyInterpretation.Family;
import jamestls.mtasts.delivery.RuleLimits.Waited;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.mx.MxHost.NamedBy;
import jamestls.mtasts.policy.CertificateCheck;
import jamestls.mtasts.policy.CertificateFaults;
import jamestls.mtasts.policy.Rules.Found;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.policy.Verdict;
import jamestls.mtasts.sts.StsLookup;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.net.SanitizedLogger;
import jamestls.outcome.TlsOutcomeSink;
import jamestls.smtp.Admission;
import jamestls.smtp.Lease;
import jamestls.smtp.NextMail;
import jamestls.smtp.Opening;
import jamestls.smtp.SessionKey;
import jamestls.smtp.SessionRequest.Announcing;
import jamestls.smtp.SmtpConnector.TlsUse;
import jamestls.smtp.TlsObservation;
import jamestls.smtp.Transmission;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * One attempt to deliver one mail to one domain. For each host in order: decides the TLS demand, connects, observes the session,
 * judges it, and sends the mail or tries the next host.
 */
public sealed class Delivery permits DryRun {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(Delivery.class);
    /** Hosts of one domain that are connected to in one attempt. */
    private static final int MAX_HOSTS = 20;
    /** In one attempt: with TLS and in clear text, and one more with a full handshake or without an extension that failed. */
    private static final int MAX_SESSIONS_PER_ADDRESS = 3;

    private final Lookups lookups;
    private final CertificateCheck certificates;
    private final OutboundResources resources;
    private final HostAddresses addresses;
    private final int smtpPort;
    private final Recording recording;

    /** Where a delivery records its outcomes, metrics and times. */
    public record Recording(TlsOutcomeSink outcomes, DeliveryMetrics metrics, Clock clock) {
    }

    /**
     * One address of one host to try.
     *
     * @param family whether this is an IPv6 address and an IPv4 address of the same host follows
     * @param demand what a session there must have
     * @param rules the operator's rules for it
     */
    record Route(MxHost host, InetAddress address, Family family, TlsDemand demand, Found rules) {
    }

    /**
     * @param guard refuses addresses that DNS of a recipient domain must not direct connections to, such as private ones
     * @param smtpPort the port of all hosts without a configured port
     */
    public Delivery(Lookups lookups, CertificateCheck certificates, OutboundResources resources, AddressGuard guard, int smtpPort,
                    Recording recording) {
        this.lookups = lookups;
        this.certificates = certificates;
        this.resources = resources;
        this.addresses = new HostAddresses(lookups.destinations(), guard);
        this.smtpPort = smtpPort;
        this.recording = recording;
    }

    /** Tries every host once; the outcomes of all sessions are recorded before this returns. */
    DeliveryResult deliver(OutboundMail mail) {
        AttemptLog attempts = attempts(mail);
        Runnable attemptEnds = recording.metrics().attempt();
        Destination destination = lookups.destination(mail, smtpPort);
        DeliveryResult result = switch (destination) {
            case Destination.Hosts hosts -> toHosts(hosts, mail, attempts);
            case Destination.TakesNoMail none ->
                // RFC 7505 §4.2
                new DeliveryResult.Refused(Failure.permanent("1.10", mail.domain() + " does not accept mail (null MX)"));
            // RFC 3463 §3.5: unable to route, as Postfix
            case Destination.NoHostName none ->
                new DeliveryResult.Refused(Failure.permanent("4.4", mail.domain() + " can't receive mail: " + none.reason()));
            case Destination.LoopsBack loop -> attempts.loop(loop.ourselves());
            case Destination.Unknown unknown -> attempts.hostsUnknown(unknown);
        };
        recorded(mail, () -> recording.outcomes().record(attempts.outcomes()));
        recorded(mail, () -> attempts.log(result));
        recorded(mail, () -> recording.metrics().finished(result));
        recorded(mail, attemptEnds);
        return result;
    }

    /** Runs one recording step. A failure is logged: it must not change the result of the delivery. */
    private static void recorded(OutboundMail mail, Runnable record) {
        try {
            record.run();
        } catch (RuntimeException | Error e) {
            LOGGER.error("Mail {}: the result could not be counted or logged", mail.id(), e);
        }
    }

    private DeliveryResult toHosts(Destination.Hosts hosts, OutboundMail mail, AttemptLog attempts) {
        StsLookup sts = mail.nextHop().filter(hop -> !hop.isNamed()).isPresent()
            ? new StsLookup.NoPolicy("an address literal has no policy") : lookups.policies().lookup(mail.domain());
        attempts.apply(sts);
        Optional<DeliveryResult> result = tryInOrder(hosts, sts, mail, attempts);
        if (result.isEmpty() && sts instanceof StsLookup.Found rejected && attempts.failures().failedOnlyByStsPolicy()) {
            // RFC 8461 §5.1: check for a newer policy before failing, even under an unchanged id
            Optional<StsPolicy> renewed = lookups.policies().recheck(mail.domain(), rejected.policy());
            if (renewed.isPresent()) {
                StsLookup.Found again = new StsLookup.Found(renewed.get(), Optional.empty());
                attempts.apply(again);
                result = tryInOrder(hosts, again, mail, attempts);
            }
        }
        return result.or(() -> observed(hosts, sts, attempts)).orElseGet(attempts::exhausted);
    }

    /** Where policies are only observed and no host is left, the rejected hosts may have the mail, in order of preference. */
    Optional<DeliveryResult> observed(Destination.Hosts hosts, StsLookup sts, AttemptLog attempts) {
        OutboundMail mail = attempts.mail();
        Optional<Failure> held = attempts.heldByPolicy();
        // never below REQUIRETLS or verifyServerIdentity
        if (held.isEmpty() || mail.tlsRequest() != SenderTlsRequest.AS_POLICY_SAYS
                || mail.nextHop().filter(hop -> hop.certificate() == FixedNextHop.Certificate.VERIFIED).isPresent()) {
            return Optional.empty();
        }
        for (MxHost host : attempts.failures().rejected()) {
            HostPlan plan = plan(mail, hosts, host, sts);
            if (lookups.hosts().isObserved(plan)) {
                attempts.observe(held.get());
                HostPlan observed = plan.withDemand(new TlsDemand.Observed(plan.demand()));
                Optional<DeliveryResult> result = tryAddresses(observed, addresses.of(observed, attempts), attempts);
                if (result.isPresent()) {
                    return result;
                }
            }
        }
        return Optional.empty();
    }

    private Optional<DeliveryResult> tryInOrder(Destination.Hosts hosts, StsLookup sts, OutboundMail mail, AttemptLog attempts) {
        int before = attempts.hostsConnected();
        for (MxHost host : hosts.inOrder()) {
            // hosts without a connection do not count: a policy may list only the last of many hosts
            if (attempts.failures().isLoop(host) || attempts.hostsConnected() - before == MAX_HOSTS) {
                break;
            }
            HostPlan plan = plan(mail, hosts, host, sts);
            Optional<Verdict> never = Verdict.beforeConnecting(plan.demand());
            if (never.isPresent()) {
                attempts.notConnected(host, plan.demand(), never.get());
                continue;
            }
            List<InetAddress> usable = addresses.of(plan, attempts);
            attempts.connecting(host, plan.demand(), usable);
            Optional<DeliveryResult> result = tryAddresses(plan, usable, attempts);
            if (result.isPresent()) {
                return result;
            }
        }
        return Optional.empty();
    }

    private Optional<DeliveryResult> tryAddresses(HostPlan plan, List<InetAddress> usable, AttemptLog attempts) {
        if (usable.isEmpty()) {
            return Optional.empty();
        }
        Waited waited = resources.acquire(plan.rules().rules());
        if (waited.permit().isEmpty()) {
            return Optional.of(attempts.postponed("a rule limits the mail to " + plan.host().name(), waited.later()));
        }
        try (Permit permit = waited.permit().get()) {
            return tryAddressesWithPermit(plan, usable, attempts);
        }
    }

    private Optional<DeliveryResult> tryAddressesWithPermit(HostPlan plan, List<InetAddress> usable, AttemptLog attempts) {
        MxHost host = plan.host();
        for (int i = 0; i < usable.size(); i++) {
            InetAddress address = usable.get(i);
            boolean ipv6 = address instanceof Inet6Address;
            if (ipv6 && attempts.refusesIpv6(host)) {
                continue;
            }
            boolean ipv4Left = usable.subList(i, usable.size()).stream().anyMatch(Inet4Address.class::isInstance);
            Family family = ipv6 && ipv4Left ? Family.IPV6_BEFORE_IPV4 : Family.LAST;
            Optional<DeliveryResult> result = tryAddress(new Route(host, address, family, plan.demand(), plan.rules()), attempts);
            if (result.isPresent()) {
                return result;
            }
            if (attempts.refusesIpv6(host)) {
                lookups.destinations().addressOrder().preferIpv4(host.name());
            }
        }
        return Optional.empty();
    }

    /** Sends the mail over an idle or a new session with that address; empty when the next address may be tried. */
    Optional<DeliveryResult> tryAddress(Route route, AttemptLog attempts) {
        DomainName name = route.host().name();
        SessionKey key = new SessionKey(name, route.demand().sni(name),
            new InetSocketAddress(route.address(), route.host().port().orElse(smtpPort)));
        attempts.start();
        Predicate<TlsObservation> suits = seen -> judge(route, seen).ruling() == Verdict.Ruling.SEND;
        Announcing announcing = Announcing.YES;
        Optional<DeliveryResult> result = Optional.empty();
        while (result.isEmpty()) {
            switch (resources.admit(key, attempts.mail().domain(), suits, announcing)) {
                case Admission.Reuse reuse -> {
                    result = overOpenSession(route, reuse.lease(), Optional.empty(), attempts);
                    suits = seen -> false;
                }
                case Admission.Next next -> {
                    result = behindAnotherMail(route, next.mail(), attempts);
                    announcing = Announcing.NO;
                }
                case Admission.Open open -> {
                    try (Opening opening = open.opening()) {
                        result = overNewSession(route, key, opening, attempts);
                        if (!opening.isRefused()) {
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
        return result;
    }

    AttemptLog attempts(OutboundMail mail) {
        return new AttemptLog(mail, recording.metrics(), recording.clock());
    }

    HostPlan plan(OutboundMail mail, Destination.Hosts hosts, MxHost host, StsLookup sts) {
        return lookups.hosts().plan(mail, hosts, host, host.port().orElse(smtpPort), sts);
    }

    /** Sends the mail as the next one on a session; empty when the session was lost or the reply to the mail before takes too long. */
    private Optional<DeliveryResult> behindAnotherMail(Route route, NextMail next, AttemptLog attempts) {
        try (NextMail place = next) {
            Optional<Prepared> prepared = resources.isTotalAwaited() ? Optional.empty()
                : Prepared.ifReadable(attempts.mail(), place.observation());
            prepared.ifPresent(mail -> place.announce(mail.envelope()));
            return place.session().flatMap(lease -> overOpenSession(route, lease, prepared, attempts));
        }
    }

    /** Sends the mail over a session opened for another mail; empty when that session has become unusable. */
    private Optional<DeliveryResult> overOpenSession(Route route, Lease open, Optional<Prepared> prepared, AttemptLog attempts) {
        try (Lease lease = open) {
            Optional<Permit> total = resources.acquire();
            if (total.isEmpty()) {
                lease.keep();
                return busy(route, attempts);
            }
            try (Permit permit = total.get()) {
                TlsObservation seen = lease.session().observation();
                Verdict verdict = judge(route, seen);
                Transmission transmission = send(route, lease, attempts.mail(), prepared);
                if (transmission.leavesOpen() || lease.session().isMisledByEhlo()) {
                    // the server may have closed an old session: a new one decides
                    return Optional.empty();
                }
                attempts.reused(route, seen, verdict, resources.counts(seen));
                return attempts.sent(route, verdict.level(), seen, transmission);
            }
        }
    }

    private static Optional<DeliveryResult> busy(Route route, AttemptLog attempts) {
        return Optional.of(attempts.postponed(route.host().name() + " is busy", Optional.empty()));
    }

    private Optional<DeliveryResult> overNewSession(Route route, SessionKey key, Opening opening, AttemptLog attempts) {
        Optional<Permit> total = opening.isProbe() ? resources.acquireUnproven() : resources.acquire();
        if (total.isEmpty()) {
            return busy(route, attempts);
        }
        try (Permit permit = total.get()) {
            return overNewSessionWithPermit(route, key, opening, attempts);
        }
    }

    /**
     * Opens a session with TLS. If TLS fails and no policy forbids clear text, opens one in clear text. If the server closes the
     * connection right after the handshake, TLS is tried a second time before that.
     */
    private Optional<DeliveryResult> overNewSessionWithPermit(Route route, SessionKey key, Opening opening, AttemptLog attempts) {
        TlsUse own = attempts.mail().tls();
        TlsUse use = route.demand().avoidsTls() && own == TlsUse.IF_OFFERED ? TlsUse.NEVER : own;
        boolean closedBefore = false;
        for (int session = 1; session <= MAX_SESSIONS_PER_ADDRESS; session++) {
            try (Lease lease = opening.open(use)) {
                TlsObservation seen = lease.session().observation();
                attempts.connected(route.host());
                if (resources.isStopping()) {
                    // stopping may have closed the connection, so the host is not to blame
                    return Optional.of(attempts.postponed("James is stopping", Optional.empty()));
                }
                addresses.remember(route.address(), seen);
                if (opening.isRefused()) {
                    return Optional.empty();
                }
                if (greetsAsThisServer(route.host(), seen)) {
                    attempts.unreachable(route.host(), route.demand(),
                        route.address().getHostAddress() + " greets with this server's name");
                    return Optional.empty();
                }
                Verdict verdict = verdict(route, use, closedBefore, seen);
                if (seen.isResumed() && (verdict.ruling() == Verdict.Ruling.NEXT_HOST
                    || verdict.ruling() == Verdict.Ruling.RETRY_IN_CLEAR)) {
                    // the certificate may have been replaced since it was shown, or the keys forgotten: a full handshake decides
                    resources.requireFullHandshake(key);
                    continue;
                }
                attempts.judged(route, seen, verdict, resources.counts(seen));
                switch (verdict.ruling()) {
                    case SEND -> {
                        Transmission transmission = send(route, lease, attempts.mail(), Optional.empty());
                        if (lease.session().isMisledByEhlo()) {
                            // the server rejects an extension that it lists: the next session does not use it
                            continue;
                        }
                        return attempts.sent(route, verdict.level(), seen, transmission);
                    }
                    case NEXT_HOST -> {
                        return Optional.empty();
                    }
                    case RETRY_WITH_TLS -> {
                        resources.requireFullHandshake(key);
                        closedBefore = true;
                    }
                    case RETRY_IN_CLEAR -> use = TlsUse.NEVER;
                }
            }
        }
        attempts.unreachable(route.host(), route.demand(), "[" + route.address().getHostAddress() + "] took no mail in "
            + MAX_SESSIONS_PER_ADDRESS + " sessions");
        return Optional.empty();
    }

    private Verdict verdict(Route route, TlsUse use, boolean closedBefore, TlsObservation seen) {
        Verdict verdict = use == TlsUse.NEVER && !route.demand().avoidsTls() ? Verdict.inClear(seen) : judge(route, seen);
        Verdict once = closedBefore ? verdict.afterSecondClose() : verdict;
        return use == TlsUse.IMPLICIT ? once.withoutClearText() : once;
    }

    Transmission send(Route route, Lease lease, OutboundMail mail, Optional<Prepared> prepared) {
        // a session in clear text because of a rule is not for mails without that rule
        boolean isForOthers = !route.demand().avoidsTls();
        Transmission transmission = MailContent.send(mail, prepared, lease.session(), isForOthers ? lease::awaitsFinalReply : () -> { });
        if (!transmission.leavesOpen() && isForOthers) {
            lease.keep();
        }
        return transmission;
    }

    Verdict judge(Route route, TlsObservation seen) {
        return Verdict.of(route.demand(), seen, CertificateFaults.of(route.demand(), seen, certificates, recording.clock().instant()));
    }

    /** Whether the server greets with this server's own name: that is a mail loop (RFC 5321 §6.3). */
    private boolean greetsAsThisServer(MxHost host, TlsObservation seen) {
        return host.namedBy() == NamedBy.DNS && seen.helo().filter(lookups.destinations().itself()::answersTo).isPresent();
    }
}
