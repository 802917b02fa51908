package jamestls.fakeinternet;

import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import jamestls.dns.MxRecord;
import jamestls.dns.Security;
import jamestls.dns.TlsaRecord;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * DNS as a table of answers, each with its DNSSEC state; what is not in it is securely absent. It keeps what was asked, in
 * order: {@code "TLSA _25._tcp.mx.example.org"}.
 */
public final class FakeDns implements Dns {

    /** What may be asked. */
    public enum Question { MX, ADDRESS, TXT, CNAME, TLSA }

    private final Set<Question> allowed;
    private final Map<String, DnsAnswer<?>> answers = new ConcurrentHashMap<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final List<String> prefetched = new CopyOnWriteArrayList<>();
    private Optional<String> everywhere = Optional.empty();

    public FakeDns() {
        this(EnumSet.allOf(Question.class));
    }

    private FakeDns(Set<Question> allowed) {
        this.allowed = allowed;
    }

    /** One that fails the test that asks for anything else. */
    public static FakeDns answeringOnly(Question question) {
        return new FakeDns(EnumSet.of(question));
    }

    /** One in which every name has this TXT record and nothing else is asked; it does not keep what was asked. */
    public static FakeDns everyRua(String record) {
        FakeDns dns = answeringOnly(Question.TXT);
        dns.everywhere = Optional.of(record);
        return dns;
    }

    public FakeDns mx(Security security, String domain, String... hosts) {
        return found(Question.MX, domain, domain, security, Arrays.stream(hosts)
            .map(host -> new MxRecord(10, Optional.of(DomainName.of(host)))).toList());
    }

    public FakeDns address(Security security, String host) {
        return aliasedAddress(security, host, host);
    }

    /** The address of a host that is an alias; the security is that of the whole chain. */
    public FakeDns aliasedAddress(Security security, String host, String canonical) {
        return found(Question.ADDRESS, host, canonical, security, List.of(IpLiteral.parse("192.0.2.1").orElseThrow()));
    }

    public FakeDns cname(Security security, String alias, String target) {
        return found(Question.CNAME, alias, alias, security, List.of(DomainName.of(target)));
    }

    public FakeDns tlsa(Security security, String host, TlsaRecord... records) {
        return found(Question.TLSA, "_25._tcp." + host, "_25._tcp." + host, security, List.of(records));
    }

    public FakeDns txt(DomainName name, List<String> records) {
        return found(Question.TXT, name.ascii(), name.ascii(), Security.INSECURE, records);
    }

    /** The TLSRPT record of a domain. */
    public FakeDns rua(DomainName domain, String record) {
        return txt(domain.child("_smtp._tls"), List.of(record));
    }

    /** Any answer to a question. */
    public FakeDns answer(Question question, DomainName name, DnsAnswer<?> answer) {
        answers.put(question + " " + name, answer);
        return this;
    }

    /** Forgets all answers. */
    public void clear() {
        answers.clear();
    }

    public List<String> asked() {
        return List.copyOf(asked);
    }

    @Override
    public DnsAnswer<MxRecord> mx(DomainName domain) {
        return this.<MxRecord>ask(Question.MX, domain);
    }

    @Override
    public DnsAnswer<InetAddress> addresses(DomainName host) {
        return this.<InetAddress>ask(Question.ADDRESS, host);
    }

    @Override
    public DnsAnswer<String> txt(DomainName name) {
        return this.<String>ask(Question.TXT, name);
    }

    @Override
    public DnsAnswer<DomainName> cname(DomainName alias) {
        return this.<DomainName>ask(Question.CNAME, alias);
    }

    @Override
    public DnsAnswer<TlsaRecord> tlsa(DomainName owner) {
        return this.<TlsaRecord>ask(Question.TLSA, owner);
    }

    /** Which look-ups were begun early, in order: {@code "TLSA _25._tcp.mx.example.org"}. */
    public List<String> prefetched() {
        return List.copyOf(prefetched);
    }

    /** Looks up nothing, and says that it does. */
    @Override
    public boolean prefetch(Dns.Question question, DomainName name) {
        prefetched.add(question + " " + name);
        return true;
    }

    private <T> FakeDns found(Question question, String name, String canonical, Security security, List<T> records) {
        return answer(question, DomainName.of(name), new DnsAnswer.Found<>(records, security, DomainName.of(canonical)));
    }

    @SuppressWarnings("unchecked")
    private <T> DnsAnswer<T> ask(Question question, DomainName name) {
        if (!allowed.contains(question)) {
            throw new AssertionError("asked for " + question + " of " + name + ", which is not needed here");
        }
        if (question == Question.TXT && everywhere.isPresent()) {
            return (DnsAnswer<T>) new DnsAnswer.Found<>(List.of(everywhere.get()), Security.INSECURE, name);
        }
        asked.add(question + " " + name);
        // each kind of question is answered by the methods above with records of its own kind only
        return (DnsAnswer<T>) answers.getOrDefault(question + " " + name, new DnsAnswer.Absent<>(Security.SECURE));
    }
}
