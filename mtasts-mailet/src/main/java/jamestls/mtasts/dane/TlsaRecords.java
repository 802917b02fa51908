package jamestls.mtasts.dane;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.dns.TlsaRecord;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Looks up the TLSA records of MX hosts (RFC 7672 §2.2). DNS is queried each time; records are parsed only if they differ
 * from the last ones, because the DNS cache returns the same immutable list while an answer is cached.
 */
public final class TlsaRecords {

    /**
     * The next-hop domain of a mail, which is one of the names that a DANE-TA certificate may have (RFC 7672 §3.2.2).
     *
     * @param domain the recipient domain, or the configured host where there is no MX look-up
     * @param expanded the same after CNAMEs, or {@code domain} itself
     * @param mx whether DNSSEC, or the operator's configuration, proves that mail for the domain goes to the host
     */
    public record NextHop(DomainName domain, DomainName expanded, Security mx) {
    }

    private static final int MAX_HOSTS = 20_000;
    /** Of one host. */
    private static final int MAX_RECORDS = 64;

    /**
     * @param port the port in {@code owner}
     * @param records the records as returned by DNS
     * @param published the records in the order of their text
     */
    private record LastTime(int port, DomainName owner, List<TlsaRecord> records, List<TlsaRecord> published, List<TlsaRecord> usable) {
    }

    private final Dns dns;
    private final DaneScope scope;
    private final Cache<DomainName, LastTime> lastTimes = Caffeine.newBuilder().executor(Runnable::run).maximumSize(MAX_HOSTS).build();

    public TlsaRecords(Dns dns, DaneScope scope) {
        this.dns = dns;
        this.scope = scope;
    }

    /** Begins the look-up of a host whose addresses are being looked up. */
    public void prefetch(NextHop nextHop, DomainName host, int port) {
        if (isInScope(nextHop)) {
            DomainName.parse("_" + port + "._tcp." + host).ifPresent(owner -> dns.prefetch(Dns.Question.TLSA, owner));
        }
    }

    private boolean isInScope(NextHop nextHop) {
        return scope == DaneScope.ANY_MX || scope == DaneScope.SECURE_MX && nextHop.mx() == Security.SECURE;
    }

    /**
     * Looks up one host, with at most two queries.
     *
     * @param port the SMTP port of the host, 1 to 65535
     * @param addresses the result of the address look-up, which must come first (RFC 7672 §2.2.2)
     */
    public DaneLookup find(NextHop nextHop, DomainName host, int port, DnsAnswer<InetAddress> addresses) {
        if (scope == DaneScope.OFF) {
            return new DaneLookup.NoDane("DANE is switched off");
        }
        if (nextHop.mx() == Security.INSECURE && scope == DaneScope.SECURE_MX) {
            return new DaneLookup.NoDane("the MX records of " + nextHop.domain() + " are not secure");
        }
        return switch (addresses) {
            case DnsAnswer.Found<InetAddress> found when found.security() == Security.SECURE ->
                below(found.canonicalName().equals(host) ? List.of(host) : List.of(found.canonicalName(), host), host, port, nextHop);
            case DnsAnswer.Found<InetAddress> insecure -> belowInsecureAddress(insecure, host, port, nextHop);
            case DnsAnswer.Absent<InetAddress> absent -> new DaneLookup.NoAddress();
            case DnsAnswer.Bogus<InetAddress> bogus -> unreachable(host, "addresses of " + host, bogus.reason());
            case DnsAnswer.Failed<InetAddress> failed -> new DaneLookup.NoAddress();
        };
    }

    /** RFC 7672 §2.2.2: an insecure address rules TLSA out, unless it is the target of an alias that is itself secure. */
    private DaneLookup belowInsecureAddress(DnsAnswer.Found<InetAddress> addresses, DomainName host, int port, NextHop nextHop) {
        DaneLookup.NoDane insecure = new DaneLookup.NoDane("the addresses of " + host + " are not secure");
        if (addresses.canonicalName().equals(host)) {
            return insecure;
        }
        return switch (dns.cname(host)) {
            case DnsAnswer.Found<DomainName> alias when alias.security() == Security.SECURE -> below(List.of(host), host, port, nextHop);
            case DnsAnswer.Found<DomainName> alias -> insecure;
            case DnsAnswer.Absent<DomainName> absent -> insecure;
            case DnsAnswer.Bogus<DomainName> bogus -> unreachable(host, "CNAME of " + host, bogus.reason());
            case DnsAnswer.Failed<DomainName> failed -> unreachable(host, "CNAME of " + host, failed.reason());
        };
    }

    /** RFC 7672 §2.2.3: the first name with secure TLSA records is the base domain; an error ends the search. */
    private DaneLookup below(List<DomainName> candidates, DomainName host, int port, NextHop nextHop) {
        for (DomainName base : candidates) {
            LastTime before = lastTimes.getIfPresent(base);
            Optional<DomainName> owner = before != null && before.port() == port ? Optional.of(before.owner())
                : DomainName.parse("_" + port + "._tcp." + base);
            if (owner.isEmpty()) {
                // the name is too long for a TLSA owner name
                continue;
            }
            switch (dns.tlsa(owner.get())) {
                case DnsAnswer.Found<TlsaRecord> found -> {
                    if (found.security() == Security.SECURE) {
                        LastTime known = before != null && before.records() == found.records() && before.port() == port ? before
                            : read(base, port, owner.get(), found.records());
                        return new DaneLookup.Found(new TlsaSet(base, known.published(), known.usable(),
                            ReferenceNames.of(base, host, nextHop), nextHop.mx()));
                    }
                }
                case DnsAnswer.Absent<TlsaRecord> absent -> {
                    // an answer, secure or not: RFC 7672 §2.1.1
                }
                case DnsAnswer.Bogus<TlsaRecord> bogus -> {
                    return unreachable(base, "TLSA of " + owner.get(), bogus.reason());
                }
                case DnsAnswer.Failed<TlsaRecord> failed -> {
                    return unreachable(base, "TLSA of " + owner.get(), failed.reason());
                }
            }
        }
        return new DaneLookup.NoDane(host + " has no secure TLSA records");
    }

    private LastTime read(DomainName base, int port, DomainName owner, List<TlsaRecord> records) {
        // resolvers shuffle, and a report tells policies apart by their text; the usable ones go first, so that the bound hides none
        List<TlsaRecord> published = records.stream()
            .sorted(Comparator.comparing((TlsaRecord record) -> !UsableRecords.isUsable(record)).thenComparing(TlsaSet::text))
            .limit(MAX_RECORDS).sorted(Comparator.comparing(TlsaSet::text)).toList();
        LastTime read = new LastTime(port, owner, records, published, List.copyOf(UsableRecords.usable(published)));
        lastTimes.put(base, read);
        return read;
    }

    private static DaneLookup unreachable(DomainName base, String question, String reason) {
        return new DaneLookup.Unreachable(base,
            new Violation(ResultType.DNSSEC_INVALID, DnsAnswer.withQuestion(question, reason)));
    }
}
