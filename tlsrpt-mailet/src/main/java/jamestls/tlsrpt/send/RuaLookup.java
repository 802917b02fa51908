package jamestls.tlsrpt.send;

import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.rua.Rua;
import jamestls.rua.RuaRecord;
import java.util.List;

/** Looks up the TLSRPT record of a domain (RFC 8460 §3). */
final class RuaLookup {

    private final Dns dns;

    RuaLookup(Dns dns) {
        this.dns = dns;
    }

    sealed interface Result {
    }

    /** The record has at least one supported destination. */
    record Destinations(List<Rua> rua) implements Result {
    }

    /** There is no record, or none with a supported destination. */
    record NotWanted(String reason) implements Result {
    }

    /** The lookup failed and can be retried. */
    record LookupFailed(String reason) implements Result {
    }

    Result of(DomainName domain) {
        DomainName name;
        try {
            // RFC 8460 §3
            name = domain.child("_smtp._tls");
        } catch (IllegalArgumentException tooLong) {
            return new NotWanted("the name of the record would be too long");
        }
        return switch (dns.txt(name)) {
            case DnsAnswer.Found<String> found -> result(RuaRecord.select(found.records()));
            case DnsAnswer.Absent<String> absent -> new NotWanted("no TLSRPT record");
            case DnsAnswer.Bogus<String> bogus -> new LookupFailed("DNSSEC: " + bogus.reason());
            case DnsAnswer.Failed<String> failed -> new LookupFailed("DNS: " + failed.reason());
        };
    }

    private static Result result(RuaRecord.Selection selection) {
        return switch (selection) {
            case RuaRecord.None none -> new NotWanted(none.reason());
            case RuaRecord.Found found -> {
                List<Rua> usable = found.record().usable();
                yield usable.isEmpty() ? new NotWanted("no supported destination") : new Destinations(usable);
            }
        };
    }
}
