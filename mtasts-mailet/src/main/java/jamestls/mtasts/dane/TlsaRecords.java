package jamestls.mtasts.dane;

import jamestls.mtasts.dns.Dns;
import jamestls.mtasts.dns.DnsAnswer;
import jamestls.mtasts.dns.DomainName;
import jamestls.mtasts.dns.Security;
import jamestls.mtasts.dns.TlsaRecord;
import jamestls.mtasts.outcome.ResultType;
import jamestls.mtasts.outcome.Violation;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;

/** Finds the TLSA records of MX hosts (RFC 7672 §2.2). */
public final class TlsaRecords {

    private final Dns dns;
    private final DaneScope scope;

    public TlsaRecords(Dns dns, DaneScope scope) {
        this.dns = dns;
        this.scope = scope;
    }

    /**
     * Looks one host up; at most two questions.
     *
     * @param port where the host listens, 1 to 65535
     * @param addresses what the look-up of the host's addresses came to, which has to come first (RFC 7672 §2.2.2)
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
                below(List.copyOf(new LinkedHashSet<>(List.of(found.canonicalName(), host))), host, port, nextHop);
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
            Optional<DomainName> owner = DomainName.parse("_" + port + "._tcp." + base);
            if (owner.isEmpty()) {
                // a name too long to have a name below it has no records there
                continue;
            }
            switch (dns.tlsa(owner.get())) {
                case DnsAnswer.Found<TlsaRecord> found -> {
                    if (found.security() == Security.SECURE) {
                        return new DaneLookup.Found(set(base, found.records(), ReferenceNames.of(base, host, nextHop), nextHop.mx()));
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

    private static TlsaSet set(DomainName base, List<TlsaRecord> records, List<DomainName> names, Security mx) {
        // resolvers shuffle; a report tells policies apart by their text
        List<TlsaRecord> published = records.stream().sorted(Comparator.comparing(TlsaSet::text)).toList();
        return new TlsaSet(base, published, TlsaRules.usable(published), names, mx);
    }

    private static DaneLookup unreachable(DomainName base, String question, String reason) {
        String cause = reason.startsWith(question) ? reason : question + ": " + reason;
        return new DaneLookup.Unreachable(base, new Violation(ResultType.DNSSEC_INVALID, cause));
    }
}
