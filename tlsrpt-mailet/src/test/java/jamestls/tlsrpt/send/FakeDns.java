package jamestls.tlsrpt.send;

import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.MxRecord;
import jamestls.dns.Security;
import jamestls.dns.TlsaRecord;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** TXT records from a literal. */
final class FakeDns implements Dns {

    private final Map<DomainName, DnsAnswer<String>> txt = new ConcurrentHashMap<>();

    FakeDns rua(DomainName domain, String record) {
        return answer(domain, new DnsAnswer.Found<>(List.of(record), Security.INSECURE, domain));
    }

    FakeDns answer(DomainName domain, DnsAnswer<String> answer) {
        txt.put(DomainName.of("_smtp._tls." + domain), answer);
        return this;
    }

    FakeDns put(DomainName name, DnsAnswer<String> answer) {
        txt.put(name, answer);
        return this;
    }

    @Override
    public DnsAnswer<String> txt(DomainName name) {
        return txt.getOrDefault(name, new DnsAnswer.Absent<>(Security.INSECURE));
    }

    @Override
    public DnsAnswer<MxRecord> mx(DomainName domain) {
        throw new AssertionError("reporting asks for no MX");
    }

    @Override
    public DnsAnswer<DomainName> cname(DomainName alias) {
        throw new AssertionError("reporting asks for no CNAME");
    }

    @Override
    public DnsAnswer<TlsaRecord> tlsa(DomainName owner) {
        throw new AssertionError("reporting asks for no TLSA");
    }

    @Override
    public DnsAnswer<InetAddress> addresses(DomainName host) {
        throw new AssertionError("that is for the HTTPS client");
    }
}
