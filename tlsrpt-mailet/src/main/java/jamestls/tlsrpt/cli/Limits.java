package jamestls.tlsrpt.cli;

import jamestls.cli.Json;
import jamestls.dns.DomainName;
import jamestls.tlsrpt.send.HostShares;
import jamestls.tlsrpt.store.DestinationStore;
import jamestls.tlsrpt.store.DestinationStore.Share;
import jamestls.tlsrpt.store.DestinationStore.Suppressed;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Limits that prevent reports: suppressed addresses and hosts at their daily limit.
 *
 * @param suppressed addresses that get no reports
 * @param full reports of today, by host at its limit
 * @param caps daily limits by host
 */
record Limits(List<Suppressed> suppressed, Map<DomainName, Long> full, Map<DomainName, Long> caps) {

    /**
     * Reads the limits.
     *
     * @param cap configured daily limit per host
     * @param domain limits the result to addresses and hosts in that domain
     */
    static Limits of(DestinationStore store, long cap, Optional<DomainName> domain, Instant now) {
        List<Suppressed> suppressed = store.suppressed(now).stream()
            .filter(each -> isIn(domain, each.address().substring(each.address().lastIndexOf('@') + 1)))
            .sorted(Comparator.comparing(Suppressed::address)).toList();
        Map<DomainName, Long> full = new TreeMap<>(store.reportsPerHost(now.atZone(ZoneOffset.UTC).toLocalDate()));
        Instant today = now.truncatedTo(ChronoUnit.DAYS);
        Map<DomainName, List<Share>> shares = store.shares().stream().collect(Collectors.groupingBy(Share::host));
        Map<DomainName, Long> caps = full.keySet().stream()
            .collect(Collectors.toMap(Function.identity(), host -> HostShares.cap(cap, shares.getOrDefault(host, List.of()), today)));
        full.entrySet().removeIf(each -> each.getValue() < caps.get(each.getKey()) || !isIn(domain, each.getKey().ascii()));
        return new Limits(suppressed, full, caps);
    }

    List<String> text() {
        List<String> lines = new ArrayList<>();
        suppressed.forEach(each -> lines.add(each.address() + " gets no reports until " + each.until() + ": " + each.why()));
        full.forEach((host, n) -> lines.add(host + " had " + n + " reports today, of at most " + caps.get(host)));
        return lines;
    }

    /** @param counted the other members of the result */
    Map<String, Object> object(List<Map<String, Object>> counted) {
        return Json.object("counted", counted,
            "left-alone", suppressed.stream().map(each -> Json.object("address", each.address(), "until", each.until().toString(),
                "why", each.why())).toList(),
            "at-the-cap", full.entrySet().stream().map(each -> Json.object("host", each.getKey().ascii(), "reports", each.getValue(),
                "most", caps.get(each.getKey()))).toList());
    }

    private static boolean isIn(Optional<DomainName> domain, String host) {
        return domain.filter(each -> !("." + host).endsWith("." + each.ascii())).isEmpty();
    }
}
