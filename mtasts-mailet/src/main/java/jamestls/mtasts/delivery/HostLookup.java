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

/** Looks up addresses and TLSA records of one MX host, in this order (RFC 7672 §2.2.2), and decides the TLS demand on it. */
public final class HostLookup {

    /**
     * What is known of one MX host before a connection.
     *
     * @param addresses the result of the address look-up
     * @param dane the result of the TLSA look-up
     * @param demand the TLS that a session must have
     */
    record HostPlan(MxHost host, DnsAnswer<InetAddress> addresses, DaneLookup dane, TlsDemand demand) {
    }

    private final Dns dns;
    private final TlsaRecords tlsa;
    private final Set<DomainName> mandatoryDane;

    /** @param mandatoryDane recipient domains whose mail is sent only with DANE */
    public HostLookup(Dns dns, TlsaRecords tlsa, Set<DomainName> mandatoryDane) {
        this.dns = dns;
        this.tlsa = tlsa;
        this.mandatoryDane = Set.copyOf(mandatoryDane);
    }

    /** Plans for a mail, which may have a fixed next hop. */
    HostPlan plan(OutboundMail mail, Destination.Hosts hosts, MxHost host, int port, StsLookup sts) {
        Optional<TlsDemand> byOperator = mail.nextHop().flatMap(hop -> hop.demand(mail.tlsRequest()));
        if (host.address().isEmpty() && byOperator.isEmpty()) {
            return plan(mail.domain(), hosts, host, port, sts, mail.tlsRequest());
        }
        DnsAnswer<InetAddress> addresses = host.address()
            .<DnsAnswer<InetAddress>>map(address -> new DnsAnswer.Found<>(List.of(address), Security.INSECURE, host.name()))
            .orElseGet(() -> dns.addresses(host.name()));
        DaneLookup dane = new DaneLookup.NoDane("not looked up: the host was not named by MX records");
        return new HostPlan(host, addresses, dane, byOperator.orElseGet(() -> PolicyDecider.decide(
            new RecipientPolicy(mail.domain(), sts, Security.INSECURE, DaneRequirement.WHERE_PUBLISHED), dane, mail.tlsRequest(),
            host.name())));
    }

    /**
     * Plans for a host of a domain.
     *
     * @param hosts the hosts of the domain, of which {@code host} is one
     * @param port the SMTP port of the host
     */
    HostPlan plan(DomainName domain, Destination.Hosts hosts, MxHost host, int port, StsLookup sts, SenderTlsRequest request) {
        DnsAnswer<InetAddress> addresses = dns.addresses(host.name());
        DaneLookup dane = request == SenderTlsRequest.WAIVED ? new DaneLookup.NoDane("the sender waives TLS")
            : tlsa.find(new NextHop(domain, hosts.alias().orElse(domain), hosts.security()), host.name(), port, addresses);
        RecipientPolicy recipient = new RecipientPolicy(domain, sts, hosts.security(),
            mandatoryDane.contains(domain) ? DaneRequirement.MANDATORY : DaneRequirement.WHERE_PUBLISHED);
        return new HostPlan(host, addresses, dane, PolicyDecider.decide(recipient, dane, request, host.name()));
    }
}
