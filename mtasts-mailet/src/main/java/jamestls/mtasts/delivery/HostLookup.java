package jamestls.mtasts.delivery;

import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.mtasts.dane.DaneLookup;
import jamestls.mtasts.dane.TlsaRecords;
import jamestls.mtasts.dane.TlsaRecords.NextHop;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.PolicyDecider;
import jamestls.mtasts.policy.PolicyDecider.DaneRequirement;
import jamestls.mtasts.policy.PolicyDecider.RecipientPolicy;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.sts.StsLookup;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Looks up what the decision about one MX host needs, and has it decided. Addresses come first (RFC 7672 §2.2.2). */
public final class HostLookup {

    /**
     * What is known of one MX host before it is connected to, and what follows from it.
     *
     * @param addresses what the look-up of its addresses came to
     * @param dane what the look-up of its TLSA records came to
     * @param demand what a session there must have
     */
    record HostPlan(MxHost host, DnsAnswer<InetAddress> addresses, DaneLookup dane, TlsDemand demand) {
    }

    private final Dns dns;
    private final TlsaRecords tlsa;
    private final Set<DomainName> mandatoryDane;

    /** @param mandatoryDane recipient domains that get mail only under DANE */
    public HostLookup(Dns dns, TlsaRecords tlsa, Set<DomainName> mandatoryDane) {
        this.dns = dns;
        this.tlsa = tlsa;
        this.mandatoryDane = Set.copyOf(mandatoryDane);
    }

    /** For a mail, which may say itself where it goes. */
    HostPlan plan(OutboundMail mail, Destination.Hosts hosts, MxHost host, int port, StsLookup sts) {
        Optional<TlsDemand> byOperator = mail.via().flatMap(via -> via.demand(mail.wish()));
        if (host.address().isEmpty() && byOperator.isEmpty()) {
            return plan(mail.domain(), hosts, host, port, sts, mail.wish());
        }
        DnsAnswer<InetAddress> addresses = host.address()
            .<DnsAnswer<InetAddress>>map(address -> new DnsAnswer.Found<>(List.of(address), Security.INSECURE, host.name()))
            .orElseGet(() -> dns.addresses(host.name()));
        DaneLookup dane = new DaneLookup.NoDane("not asked for: who named the host decides");
        return new HostPlan(host, addresses, dane, byOperator.orElseGet(() -> PolicyDecider.decide(
            new RecipientPolicy(mail.domain(), sts, Security.INSECURE, DaneRequirement.WHERE_PUBLISHED), dane, mail.wish(), host.name())));
    }

    /**
     * @param hosts the hosts of the domain, of which {@code host} is one
     * @param port where it listens
     */
    HostPlan plan(DomainName domain, Destination.Hosts hosts, MxHost host, int port, StsLookup sts, SenderTlsRequest wish) {
        DnsAnswer<InetAddress> addresses = dns.addresses(host.name());
        DaneLookup dane = wish == SenderTlsRequest.WAIVED ? new DaneLookup.NoDane("the sender waives TLS")
            : tlsa.find(new NextHop(domain, hosts.alias().orElse(domain), hosts.security()), host.name(), port, addresses);
        RecipientPolicy recipient = new RecipientPolicy(domain, sts, hosts.security(),
            mandatoryDane.contains(domain) ? DaneRequirement.MANDATORY : DaneRequirement.WHERE_PUBLISHED);
        return new HostPlan(host, addresses, dane, PolicyDecider.decide(recipient, dane, wish, host.name()));
    }
}
