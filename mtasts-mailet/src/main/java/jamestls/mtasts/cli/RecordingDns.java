package jamestls.mtasts.cli;

import jamestls.cli.Json;
import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.MxRecord;
import jamestls.dns.TlsaRecord;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.net.Sanitized;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Passes look-ups on and records each: question, answer, DNSSEC state and duration. */
final class RecordingDns implements Dns {

    private static final int MAX_ANSWER = 300;

    private final Dns dns;
    private final List<LookUp> lookUps = new CopyOnWriteArrayList<>();

    RecordingDns(Dns dns) {
        this.dns = dns;
    }

    /**
     * One look-up.
     *
     * @param state secure, insecure, bogus or failed
     * @param answer the records, or why there are none; printable ASCII
     */
    record LookUp(String type, DomainName name, String state, String answer, Duration took) {

        String line() {
            return String.format("%-8s %-8s %s: %s (%d ms)", state, type, name, answer, took.toMillis());
        }

        Map<String, Object> json() {
            return Json.object("type", type, "name", name.ascii(), "state", state, "answer", answer, "ms", took.toMillis());
        }
    }

    /** All look-ups in the order in which they ended; repeated questions are repeated. */
    List<LookUp> lookUps() {
        return List.copyOf(lookUps);
    }

    @Override
    public DnsAnswer<MxRecord> mx(DomainName domain) {
        return noted("MX", domain, () -> dns.mx(domain), mx -> mx.preference() + " " + mx.host().map(DomainName::ascii).orElse("."));
    }

    @Override
    public DnsAnswer<InetAddress> addresses(DomainName host) {
        return noted("A, AAAA", host, () -> dns.addresses(host), InetAddress::getHostAddress);
    }

    @Override
    public DnsAnswer<String> txt(DomainName name) {
        return noted("TXT", name, () -> dns.txt(name), text -> "\"" + text + "\"");
    }

    @Override
    public DnsAnswer<TlsaRecord> tlsa(DomainName owner) {
        return noted("TLSA", owner, () -> dns.tlsa(owner), TlsaSet::text);
    }

    @Override
    public DnsAnswer<DomainName> cname(DomainName alias) {
        return noted("CNAME", alias, () -> dns.cname(alias), DomainName::ascii);
    }

    private <T> DnsAnswer<T> noted(String type, DomainName name, Supplier<DnsAnswer<T>> lookUp, Function<T, String> inWords) {
        long begun = System.nanoTime();
        DnsAnswer<T> answer = lookUp.get();
        Duration took = Duration.ofNanos(System.nanoTime() - begun);
        switch (answer) {
            case DnsAnswer.Found<T> found -> note(type, name, word(found.security()), found.records().stream().map(inWords)
                .collect(Collectors.joining(", ")) + (found.canonicalName().equals(name) ? "" : " at " + found.canonicalName()), took);
            case DnsAnswer.Absent<T> absent -> note(type, name, word(absent.security()), "none", took);
            case DnsAnswer.Bogus<T> bogus -> note(type, name, "bogus", bogus.reason(), took);
            case DnsAnswer.Failed<T> failed -> note(type, name, "failed", failed.reason(), took);
        }
        return answer;
    }

    private void note(String type, DomainName name, String state, String answer, Duration took) {
        String printable = Sanitized.ascii(answer, Integer.MAX_VALUE);
        lookUps.add(new LookUp(type, name, state,
            printable.length() > MAX_ANSWER ? printable.substring(0, MAX_ANSWER) + "..." : printable, took));
    }

    static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
