package jamestls.tlsrpt.send;

import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.MxRecord;
import jamestls.dns.Security;
import jamestls.dns.TlsaRecord;
import java.net.InetAddress;
import java.util.List;

/** A world in which every domain wants reports. */
final class RuaEverywhere implements Dns {

    @Override
    public DnsAnswer<String> txt(DomainName name) {
        return new DnsAnswer.Found<>(List.of("v=TLSRPTv1;rua=mailto:r@reports.example"), Security.INSECURE, name);
    }

    @Override
    public DnsAnswer<MxRecord> mx(DomainName domain) {
        return absent();
    }

    @Override
    public DnsAnswer<DomainName> cname(DomainName alias) {
        return absent();
    }

    @Override
    public DnsAnswer<TlsaRecord> tlsa(DomainName owner) {
        return absent();
    }

    @Override
    public DnsAnswer<InetAddress> addresses(DomainName host) {
        return absent();
    }

    private static <T> DnsAnswer<T> absent() {
        return new DnsAnswer.Absent<>(Security.INSECURE);
    }
}
