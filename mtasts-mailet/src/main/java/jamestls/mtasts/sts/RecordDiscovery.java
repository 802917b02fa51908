package jamestls.mtasts.sts;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import java.util.List;

/**
 * Asks DNS for the record of a domain each time, and reads it only when it is another than last time. DNS hands out one and the
 * same list for as long as the answer may be kept, and nobody can change it.
 */
final class RecordDiscovery {

    private static final int MAX_DOMAINS = 20_000;

    private final Dns dns;
    private final Cache<DomainName, LastTime> lastTimes = Caffeine.newBuilder().executor(Runnable::run).maximumSize(MAX_DOMAINS).build();

    private record LastTime(DomainName owner, List<String> records, Discovery discovery) {
    }

    RecordDiscovery(Dns dns) {
        this.dns = dns;
    }

    Discovery discover(DomainName domain) {
        LastTime before = lastTimes.getIfPresent(domain);
        if (before == null) {
            return discoverAnew(domain);
        }
        DnsAnswer<String> answer = dns.txt(before.owner());
        if (answer instanceof DnsAnswer.Found<String> found && found.records() == before.records()) {
            return before.discovery();
        }
        return read(domain, before.owner(), answer);
    }

    private Discovery discoverAnew(DomainName domain) {
        DomainName owner;
        try {
            owner = domain.child("_mta-sts");
        } catch (IllegalArgumentException tooLong) {
            return new Discovery.Unpublished("no room for _mta-sts before " + domain);
        }
        return read(domain, owner, dns.txt(owner));
    }

    private Discovery read(DomainName domain, DomainName owner, DnsAnswer<String> answer) {
        Discovery discovery = Discovery.of(owner, answer);
        // domains without a record would drive the others out
        if (answer instanceof DnsAnswer.Found<String> found && discovery instanceof Discovery.Published) {
            lastTimes.put(domain, new LastTime(owner, found.records(), discovery));
        } else {
            lastTimes.invalidate(domain);
        }
        return discovery;
    }
}
