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
import jamestls.mtasts.policy.Rules;
import jamestls.mtasts.policy.Rules.Found;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.sts.StsLookup;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/** Looks up addresses and TLSA records of one MX host (RFC 7672 §2.2.2), and decides the TLS demand on it. */
public final class HostLookup {

    /**
     * What is known of one MX host before a connection.
     *
     * @param addresses the result of the address look-up
     * @param dane the result of the TLSA look-up
     * @param rules the operator's rules for the host
     * @param demand the TLS that a session must have
     */
    public record HostPlan(MxHost host, DnsAnswer<InetAddress> addresses, DaneLookup dane, Found rules, TlsDemand demand) {

        HostPlan withDemand(TlsDemand other) {
            return new HostPlan(host, addresses, dane, rules, other);
        }
    }

    private final Dns dns;
    private final TlsaRecords tlsa;
    private final Rules rules;

    /** @param rules the operator's rules per destination */
    public HostLookup(Dns dns, TlsaRecords tlsa, Rules rules) {
        this.dns = dns;
        this.tlsa = tlsa;
        this.rules = rules;
    }

    /** Whether the host may have the mail although it was rejected, if no other is left. */
    boolean isObserved(HostPlan plan) {
        return rules.isObserving() || plan.rules().isObserved();
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
        Found found = rules.find(mail.domain(), host.name());
        return new HostPlan(host, addresses, dane, found, byOperator
            // never below verifyServerIdentity
            .map(demand -> PolicyDecider.raised(demand, mail.domain(), host.name(), found.rules()))
            .orElseGet(() -> PolicyDecider.decide(new RecipientPolicy(mail.domain(), sts, Security.INSECURE,
                DaneRequirement.WHERE_PUBLISHED), dane, mail.tlsRequest(), host.name(), found.rules())));
    }

    /**
     * Begins the look-ups that {@link #plan} makes. Early TLSA records are used, too, only below secure addresses (RFC 7672 §2.2.2).
     *
     * @param port the SMTP port of the host
     */
    void prefetch(DomainName domain, Destination.Hosts hosts, MxHost host, int port, SenderTlsRequest request) {
        if (host.address().isEmpty() && dns.prefetch(Dns.Question.ADDRESSES, host.name()) && request != SenderTlsRequest.WAIVED) {
            tlsa.prefetch(nextHop(domain, hosts), host.name(), port);
        }
    }

    private static NextHop nextHop(DomainName domain, Destination.Hosts hosts) {
        return new NextHop(domain, hosts.alias().orElse(domain), hosts.security());
    }

    /**
     * Plans for a host of a domain.
     *
     * @param hosts the hosts of the domain, of which {@code host} is one
     * @param port the SMTP port of the host
     */
    HostPlan plan(DomainName domain, Destination.Hosts hosts, MxHost host, int port, StsLookup sts, SenderTlsRequest request) {
        prefetch(domain, hosts, host, port, request);
        DnsAnswer<InetAddress> addresses = dns.addresses(host.name());
        DaneLookup dane = request == SenderTlsRequest.WAIVED ? new DaneLookup.NoDane("the sender waives TLS")
            : tlsa.find(nextHop(domain, hosts), host.name(), port, addresses);
        Found found = rules.find(domain, host.name());
        RecipientPolicy recipient = new RecipientPolicy(domain, sts, hosts.security(), DaneRequirement.WHERE_PUBLISHED);
        return new HostPlan(host, addresses, dane, found, PolicyDecider.decide(recipient, dane, request, host.name(), found.rules()));
    }
}
