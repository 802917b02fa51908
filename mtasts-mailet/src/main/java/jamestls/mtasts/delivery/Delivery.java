package jamestls.mtasts.delivery;

import jamestls.mtasts.dns.AddressGuard;
import jamestls.mtasts.dns.Dns;
import jamestls.mtasts.dns.DnsAnswer;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.outcome.TlsOutcomeSink;
import jamestls.mtasts.outcome.Violation;
import jamestls.mtasts.policy.CertificateCheck;
import jamestls.mtasts.policy.PolicyDecider;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.policy.Verdict;
import jamestls.mtasts.smtp.Handshake;
import jamestls.mtasts.smtp.SmtpConnector;
import jamestls.mtasts.smtp.SmtpSession;
import jamestls.mtasts.smtp.TlsObservation;
import jamestls.mtasts.smtp.TlsUse;
import jamestls.mtasts.sts.StsLookup;
import jamestls.mtasts.sts.StsPolicies;
import jamestls.mtasts.sts.StsPolicy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One attempt to deliver one mail to one domain, from top to bottom: find the hosts, decide what the session with each
 * must have, connect, observe, judge, send, or go on to the next host. Everything it does not do is another room's.
 */
public final class Delivery {

    private static final int MOST_ADDRESSES_PER_HOST = 6;

    private final Dns dns;
    private final Destinations destinations;
    private final StsPolicies policies;
    private final CertificateCheck certificates;
    private final SmtpConnector connector;
    private final AddressGuard guard;
    private final int smtpPort;
    private final TlsOutcomeSink outcomes;
    private final Clock clock;

    public Delivery(Dns dns, Destinations destinations, StsPolicies policies, CertificateCheck certificates,
                    SmtpConnector connector, AddressGuard guard, int smtpPort, TlsOutcomeSink outcomes, Clock clock) {
        this.dns = dns;
        this.destinations = destinations;
        this.policies = policies;
        this.certificates = certificates;
        this.connector = connector;
        this.guard = guard;
        this.smtpPort = smtpPort;
        this.outcomes = outcomes;
        this.clock = clock;
    }

    /** Tries every host once; the outcomes of all sessions are recorded before this returns. */
    DeliveryResult deliver(OutboundMail mail) {
        Attempts attempts = new Attempts(mail, clock);
        DeliveryResult result = switch (destinations.find(mail.domain())) {
            case Destination.Hosts hosts -> throughOneOf(hosts.inOrder(), mail, attempts);
            case Destination.TakesNoMail none ->
                // RFC 7505 §4.2
                new DeliveryResult.Refused(Failure.permanent("1.10", mail.domain() + " takes no mail (null MX)"));
            case Destination.Unknown unknown ->
                new DeliveryResult.Deferred(Failure.temporary("4.3", unknown.reason()));
        };
        outcomes.record(attempts.outcomes());
        attempts.log(result);
        return result;
    }

    private DeliveryResult throughOneOf(List<MxHost> hosts, OutboundMail mail, Attempts attempts) {
        StsLookup sts = policies.lookup(mail.domain());
        attempts.apply(sts);
        Optional<DeliveryResult> result = tryInOrder(hosts, sts, mail, attempts);
        if (result.isEmpty() && sts instanceof StsLookup.Found rejected && attempts.onlyPolicyStoodInTheWay()) {
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

    private Optional<DeliveryResult> tryInOrder(List<MxHost> hosts, StsLookup sts, OutboundMail mail, Attempts attempts) {
        for (MxHost host : hosts) {
            TlsDemand demand = PolicyDecider.decide(mail.domain(), sts, mail.wish(), host.name());
            Optional<Verdict> never = Verdict.beforeConnecting(demand);
            if (never.isPresent()) {
                attempts.notConnected(host, demand, never.get());
                continue;
            }
            for (InetAddress address : addressesOf(host, demand, attempts)) {
                Optional<DeliveryResult> result = tryAddress(new Route(host, address, demand), TlsUse.IF_OFFERED, mail, attempts);
                if (result.isPresent()) {
                    return result;
                }
            }
        }
        return Optional.empty();
    }

    private Optional<DeliveryResult> tryAddress(Route route, TlsUse use, OutboundMail mail, Attempts attempts) {
        attempts.start();
        try (SmtpSession session = connector.connect(route.host().name(), new InetSocketAddress(route.address(), smtpPort), use)) {
            TlsObservation seen = session.observation();
            Verdict verdict = use == TlsUse.NEVER ? Verdict.inClear(seen) : Verdict.of(route.demand(), seen, faultsOf(seen));
            attempts.judged(route, seen, verdict);
            switch (verdict.ruling()) {
                case SEND -> {
                    return attempts.sent(route, verdict.level(), session.send(mail.envelope(), mail.content()));
                }
                case NEXT_HOST -> {
                    return Optional.empty();
                }
                case RETRY_IN_CLEAR -> {
                    // below, once this connection is closed
                }
            }
        }
        return tryAddress(route, TlsUse.NEVER, mail, attempts);
    }

    private List<Violation> faultsOf(TlsObservation seen) {
        return seen.handshake() instanceof Handshake.Completed completed
            ? certificates.faults(completed.chain(), seen.mxHost(), clock.instant()) : List.of();
    }

    private List<InetAddress> addressesOf(MxHost host, TlsDemand demand, Attempts attempts) {
        List<InetAddress> usable = new ArrayList<>();
        switch (dns.addresses(host.name())) {
            case DnsAnswer.Found<InetAddress> found -> found.records().stream().limit(MOST_ADDRESSES_PER_HOST)
                .forEach(address -> guard.objection(address).ifPresentOrElse(
                    objection -> attempts.unreachable(host, demand, address.getHostAddress() + " is " + objection
                        + ", and allowPrivateAddresses is false"),
                    () -> usable.add(address)));
            case DnsAnswer.Absent<InetAddress> absent -> attempts.withoutAddress(host, demand);
            case DnsAnswer.Bogus<InetAddress> bogus ->
                attempts.unreachable(host, demand, "addresses fail DNSSEC validation: " + bogus.reason());
            case DnsAnswer.Failed<InetAddress> failed ->
                attempts.unreachable(host, demand, "address look-up failed: " + failed.reason());
        }
        return usable;
    }
}
