package jamestls.mtasts.dane;

import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import jamestls.dns.MxRecord;
import jamestls.dns.Security;
import jamestls.dns.TlsaRecord;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * DNS as a table of answers, each with its DNSSEC state; what is not in it is securely absent. It keeps count of what was
 * asked, in order: {@code "TLSA _25._tcp.mx.example.org"}.
 */
public final class LiteralDns implements Dns {


    private final Map<String, DnsAnswer<?>> answers = new HashMap<>();
    private final List<String> asked = new ArrayList<>();

    public LiteralDns mx(Security security, String domain, String... hosts) {
        return found("MX", domain, domain, security, Arrays.stream(hosts)
            .map(host -> new MxRecord(10, Optional.of(DomainName.of(host)))).toList());
    }

    public LiteralDns address(Security security, String host) {
        return aliasedAddress(security, host, host);
    }

    /** The address of a host that is an alias; the security is that of the whole chain. */
    public LiteralDns aliasedAddress(Security security, String host, String canonical) {
        return found("ADDRESS", host, canonical, security, List.of(IpLiteral.parse("192.0.2.1").orElseThrow()));
    }

    public LiteralDns cname(Security security, String alias, String target) {
        return found("CNAME", alias, alias, security, List.of(DomainName.of(target)));
    }

    public LiteralDns tlsa(Security security, String host, TlsaRecord... records) {
        return found("TLSA", "_25._tcp." + host, "_25._tcp." + host, security, List.of(records));
    }

    /** @param question {@code MX}, {@code ADDRESS}, {@code CNAME} or {@code TLSA} */
    public LiteralDns answer(String question, String name, DnsAnswer<?> answer) {
        answers.put(question + " " + name, answer);
        return this;
    }

    public List<String> asked() {
        return List.copyOf(asked);
    }

    @Override
    public DnsAnswer<MxRecord> mx(DomainName domain) {
        return this.<MxRecord>ask("MX", domain);
    }

    @Override
    public DnsAnswer<InetAddress> addresses(DomainName host) {
        return this.<InetAddress>ask("ADDRESS", host);
    }

    @Override
    public DnsAnswer<String> txt(DomainName name) {
        return this.<String>ask("TXT", name);
    }

    @Override
    public DnsAnswer<DomainName> cname(DomainName alias) {
        return this.<DomainName>ask("CNAME", alias);
    }

    @Override
    public DnsAnswer<TlsaRecord> tlsa(DomainName owner) {
        return this.<TlsaRecord>ask("TLSA", owner);
    }

    private <T> LiteralDns found(String question, String name, String canonical, Security security, List<T> records) {
        return answer(question, name, new DnsAnswer.Found<>(records, security, DomainName.of(canonical)));
    }

    @SuppressWarnings("unchecked")
    private <T> DnsAnswer<T> ask(String question, DomainName name) {
        asked.add(question + " " + name);
        // each kind of question is answered by the methods above with records of its own kind only
        return (DnsAnswer<T>) answers.getOrDefault(question + " " + name, new DnsAnswer.Absent<>(Security.SECURE));
    }
}
