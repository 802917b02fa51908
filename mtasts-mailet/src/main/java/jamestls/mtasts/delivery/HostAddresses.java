package jamestls.mtasts.delivery;

import jamestls.dns.AddressGuard;
import jamestls.dns.DnsAnswer;
import jamestls.mtasts.delivery.HostLookup.HostPlan;
import jamestls.mtasts.mx.AddressOrder;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.mx.MxHost.NamedBy;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.smtp.SessionFailure;
import jamestls.smtp.TlsObservation;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Chooses the addresses of a host that are connected to: never bogus ones, our own, or those that the guard refuses. */
final class HostAddresses {

    private static final int MAX_ADDRESSES_PER_HOST = 6;

    private final Destinations destinations;
    private final AddressGuard guard;

    HostAddresses(Destinations destinations, AddressGuard guard) {
        this.destinations = destinations;
        this.guard = guard;
    }

    /** The addresses in the order in which to try them; why there is none, {@code attempts} is told. */
    List<InetAddress> of(HostPlan plan, AttemptLog attempts) {
        MxHost host = plan.host();
        TlsDemand demand = plan.demand();
        return switch (plan.addresses()) {
            case DnsAnswer.Found<InetAddress> found -> usable(found.records(), plan, attempts);
            case DnsAnswer.Absent<InetAddress> absent -> {
                attempts.withoutAddress(host, demand);
                yield List.of();
            }
            case DnsAnswer.Bogus<InetAddress> bogus -> {
                attempts.addressesUnknown(host, demand, "addresses fail DNSSEC validation: " + bogus.reason());
                yield List.of();
            }
            case DnsAnswer.Failed<InetAddress> failed -> {
                attempts.addressesUnknown(host, demand, "address look-up failed: " + failed.reason());
                yield List.of();
            }
        };
    }

    /** The addresses that may be connected to: unusable ones are removed first, then the number is limited. */
    private List<InetAddress> usable(List<InetAddress> found, HostPlan plan, AttemptLog attempts) {
        MxHost host = plan.host();
        TlsDemand demand = plan.demand();
        List<InetAddress> usable = new ArrayList<>();
        Set<String> objections = new LinkedHashSet<>();
        for (InetAddress address : found) {
            if (host.namedBy() == NamedBy.OPERATOR) {
                usable.add(address);
            } else if (destinations.itself().is(address)) {
                attempts.foundOwnAddress(host, demand, address);
                return List.of();
            } else {
                guard.objection(address).ifPresentOrElse(objections::add, () -> usable.add(address));
            }
        }
        objections.stream().limit(MAX_ADDRESSES_PER_HOST)
            .forEach(objection -> attempts.unreachable(host, demand, objection + ", and allowPrivateAddresses is false"));
        // limited last, so that unusable addresses take no place
        AddressOrder order = destinations.addressOrder();
        return order.of(host.name(), usable, plan.rules().families().orElse(order.families())).stream().limit(MAX_ADDRESSES_PER_HOST)
            .toList();
    }

    /** Remembers whether the address took the connection, so that the next mail tries unreachable addresses last. */
    void remember(InetAddress address, TlsObservation seen) {
        seen.failure().filter(failure -> failure.phase() == SessionFailure.Phase.CONNECT).ifPresentOrElse(
            failure -> destinations.addressOrder().notConnected(address, failure.detail()),
            () -> destinations.addressOrder().connected(address));
    }
}
