package jamestls.mtasts.check;

import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.MxRecord;
import jamestls.dns.Security;
import jamestls.dns.TlsaRecord;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * DNS for one look at a domain: no answers after its time, and only the {@value #MAX_HOSTS} most preferred MX hosts, because the domain's
 * owner decides how slow each look-up is.
 */
final class BoundedDns implements Dns {

    /** As many as a delivery connects to. */
    private static final int MAX_HOSTS = 20;

    private final Dns dns;
    private final DomainName domain;
    private final List<DomainName> hosts;
    private final long end;

    /**
     * @param hosts the MX hosts of the domain, instead of those in DNS; empty for those in DNS
     * @param limit the time from now on in which questions are asked
     */
    BoundedDns(Dns dns, DomainName domain, List<DomainName> hosts, Duration limit) {
        this.dns = dns;
        this.domain = domain;
        this.hosts = List.copyOf(hosts);
        this.end = System.nanoTime() + limit.toNanos();
    }

    /** The same, in which no domain has an MTA-STS record. */
    Dns withoutPolicies() {
        return new Dns() {
            @Override
            public DnsAnswer<MxRecord> mx(DomainName name) {
                return BoundedDns.this.mx(name);
            }

            @Override
            public DnsAnswer<InetAddress> addresses(DomainName host) {
                return BoundedDns.this.addresses(host);
            }

            @Override
            public DnsAnswer<String> txt(DomainName name) {
                return new DnsAnswer.Absent<>(Security.INSECURE);
            }

            @Override
            public DnsAnswer<TlsaRecord> tlsa(DomainName owner) {
                return BoundedDns.this.tlsa(owner);
            }

            @Override
            public DnsAnswer<DomainName> cname(DomainName alias) {
                return BoundedDns.this.cname(alias);
            }
        };
    }

    @Override
    public DnsAnswer<MxRecord> mx(DomainName name) {
        if (name.equals(domain) && !hosts.isEmpty()) {
            // as secure as the record will be: the TLSA records of its hosts count either way
            return new DnsAnswer.Found<>(hosts.stream().map(host -> new MxRecord(10, Optional.of(host))).toList(), Security.SECURE, name);
        }
        DnsAnswer<MxRecord> answer = inTime(() -> dns.mx(name));
        return answer instanceof DnsAnswer.Found<MxRecord> found ? new DnsAnswer.Found<>(found.records().stream()
            .sorted(Comparator.comparingInt(MxRecord::preference)).limit(MAX_HOSTS).toList(), found.security(), found.canonicalName())
            : answer;
    }

    @Override
    public DnsAnswer<InetAddress> addresses(DomainName host) {
        return inTime(() -> dns.addresses(host));
    }

    @Override
    public DnsAnswer<String> txt(DomainName name) {
        return inTime(() -> dns.txt(name));
    }

    @Override
    public DnsAnswer<TlsaRecord> tlsa(DomainName owner) {
        return inTime(() -> dns.tlsa(owner));
    }

    @Override
    public DnsAnswer<DomainName> cname(DomainName alias) {
        return inTime(() -> dns.cname(alias));
    }

    private <T> DnsAnswer<T> inTime(Supplier<DnsAnswer<T>> lookUp) {
        return System.nanoTime() - end < 0 ? lookUp.get() : new DnsAnswer.Failed<>("no time left for this check");
    }
}
