package jamestls.mtasts.delivery;

import jamestls.mtasts.dns.Dns;
import jamestls.mtasts.dns.DnsAnswer;
import jamestls.mtasts.dns.DomainName;
import jamestls.mtasts.dns.MxRecord;
import jamestls.mtasts.dns.Security;
import jamestls.mtasts.dns.TlsaRecord;
import java.net.InetAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The DNSSEC state that answers would have, put on them by name. Everything is unsigned until said otherwise. */
final class SignedNames implements Dns {

    private final Dns dns;
    private final Set<String> signed = ConcurrentHashMap.newKeySet();
    private final Set<String> bogus = ConcurrentHashMap.newKeySet();

    SignedNames(Dns dns) {
        this.dns = dns;
    }

    /** The name and all below it are in a signed zone. */
    SignedNames sign(String name) {
        signed.add(name);
        return this;
    }

    /** The signatures at just that name do not fit. */
    SignedNames spoil(String name) {
        bogus.add(name);
        return this;
    }

    @Override
    public DnsAnswer<MxRecord> mx(DomainName domain) {
        return marked(domain, dns.mx(domain));
    }

    @Override
    public DnsAnswer<InetAddress> addresses(DomainName host) {
        return marked(host, dns.addresses(host));
    }

    @Override
    public DnsAnswer<String> txt(DomainName name) {
        return marked(name, dns.txt(name));
    }

    @Override
    public DnsAnswer<TlsaRecord> tlsa(DomainName owner) {
        return marked(owner, dns.tlsa(owner));
    }

    @Override
    public DnsAnswer<DomainName> cname(DomainName alias) {
        return marked(alias, dns.cname(alias));
    }

    private <T> DnsAnswer<T> marked(DomainName name, DnsAnswer<T> answer) {
        if (bogus.contains(name.ascii())) {
            return new DnsAnswer.Bogus<>("signature expired");
        }
        return switch (answer) {
            case DnsAnswer.Found<T> found -> {
                boolean secure = isSigned(name) && isSigned(found.canonicalName());
                yield new DnsAnswer.Found<>(found.records(), secure ? Security.SECURE : Security.INSECURE,
                    found.canonicalName());
            }
            case DnsAnswer.Absent<T> absent -> new DnsAnswer.Absent<>(isSigned(name) ? Security.SECURE : Security.INSECURE);
            case DnsAnswer.Bogus<T> same -> same;
            case DnsAnswer.Failed<T> same -> same;
        };
    }

    private boolean isSigned(DomainName name) {
        return signed.stream().anyMatch(zone -> name.ascii().equals(zone) || name.ascii().endsWith("." + zone));
    }
}
