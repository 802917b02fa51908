package jamestls.bench;

import com.sun.management.OperatingSystemMXBean;
import jamestls.dns.Dns.Question;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsSettings.DnssecMode;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.dns.TrustAnchors;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.NameServers;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.Signing.Algorithm;
import jamestls.fakeinternet.Zone;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.awaitility.Awaitility;

/**
 * What DANE costs for a domain never seen: MX, A and AAAA, TLSA, in a root, a top-level domain and a domain, all signed
 * (RSA, then ECDSA). The resolver answers 20 ms later. Ours validates in the process; for comparison an Unbound that knows
 * nothing either validates before the same resolver, and the same client takes its word over loopback. Runs alternate.
 */
public final class ColdLookupBench {

    private static final Duration RTT = Duration.ofMillis(20);
    private static final int FIRST_RUNS = 9;
    private static final int NEXT_RUNS = 40;
    private static final int CPU_DOMAINS = 60;
    private static final int CPU_ROUNDS = 32;
    /** Of the last rounds: those before are the compiler's, whose processor time counts, too. */
    private static final int CPU_COUNTED = 8;
    private static final int WARM_ROUNDS = 200_000;

    private ColdLookupBench() {
    }

    /** @param args the file for the results */
    public static void main(String... args) throws IOException {
        DnsTree tree = tree(NEXT_RUNS + 1);
        Map<String, Object> results = new LinkedHashMap<>();
        results.put("rttMillis", RTT.toMillis());
        try (DnsServer server = DnsServer.start(tree)) {
            DnsSettings ours = settings(tree, server.address());
            // signatures are made once and kept, so that from here on the server costs next to nothing
            DnsjavaDns warmUp = new DnsjavaDns(ours);
            domains(NEXT_RUNS + 1).forEach(domain -> lookUp(warmUp, domain));
            server.faults().latency(RTT);
            cold(tree, server, ours, results);
            results.put("warmLookupsCpuMicros", warm(warmUp));
        }
        results.put("validationCpuMillisPerColdDomain", cpu());
        new BenchReport(Path.of(args[0])).section("coldLookup", results);
        System.out.println(results);
    }

    private static void cold(DnsTree tree, DnsServer server, DnsSettings settings, Map<String, Object> results) {
        List<Double> firstOurs = new ArrayList<>();
        List<Double> firstUnbound = new ArrayList<>();
        List<Double> nextOurs = new ArrayList<>();
        List<Double> nextUnbound = new ArrayList<>();
        List<Double> queries = new ArrayList<>();
        List<Double> queriesUnbound = new ArrayList<>();
        List<DomainName> domains = domains(NEXT_RUNS + 1);
        for (int run = 0; run < FIRST_RUNS; run++) {
            // in the server the probe is over before the first mail
            DnsjavaDns fresh = new DnsjavaDns(settings).start();
            Awaitility.await().pollInterval(Duration.ofMillis(10)).until(() -> fresh.dnssec().available());
            firstOurs.add(millis(() -> lookUp(fresh, domains.getFirst())));
            try (NameServers unbound = NameServers.before(tree, server.address())) {
                DnsjavaDns client = trusting(unbound);
                firstUnbound.add(millis(() -> lookUp(client, domains.getFirst())));
                if (run == 0) {
                    for (DomainName domain : domains.subList(1, domains.size())) {
                        int before = server.queries().size();
                        nextOurs.add(millis(() -> lookUp(fresh, domain)));
                        int between = server.queries().size();
                        nextUnbound.add(millis(() -> lookUp(client, domain)));
                        queries.add((double) between - before);
                        queriesUnbound.add((double) server.queries().size() - between);
                    }
                }
            }
        }
        results.put("firstDomainMillis", Map.of("inProcess", median(firstOurs), "unbound", median(firstUnbound)));
        results.put("nextDomainMillis", Map.of("inProcess", median(nextOurs), "unbound", median(nextUnbound)));
        results.put("nextDomainQueries", Map.of("inProcess", median(queries), "unbound", median(queriesUnbound)));
    }

    /** All four answers from the cache: processor time, since the machine may have other things to do. */
    private static double warm(DnsjavaDns dns) {
        DomainName domain = domains(1).getFirst();
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        double micros = 0;
        for (int round = 0; round < 2; round++) {
            long before = threads.getCurrentThreadCpuTime();
            for (int i = 0; i < WARM_ROUNDS; i++) {
                lookUp(dns, domain);
            }
            micros = (threads.getCurrentThreadCpuTime() - before) / 1e3 / WARM_ROUNDS;
        }
        return Math.round(micros * 100) / 100.0;
    }

    /** Processor time of this process alone: Knot and Unbound, which hands through, have processes of their own. */
    private static Map<String, Double> cpu() throws IOException {
        DnsTree tree = tree(CPU_DOMAINS);
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        List<Double> validating = new ArrayList<>();
        List<Double> plain = new ArrayList<>();
        try (NameServers servers = NameServers.startOrSkip(tree)) {
            DnsSettings validate = settings(tree, servers.recursor());
            DnsSettings off = DnsSettings.of(List.of(servers.recursor()));
            for (int round = 0; round < CPU_ROUNDS; round++) {
                for (DnsSettings settings : List.of(validate, off)) {
                    DnsjavaDns fresh = new DnsjavaDns(settings);
                    long before = system.getProcessCpuTime();
                    Security needed = settings == validate ? Security.SECURE : Security.INSECURE;
                    domains(CPU_DOMAINS).forEach(domain -> lookUp(fresh, domain, needed));
                    double millis = (system.getProcessCpuTime() - before) / 1e6 / CPU_DOMAINS;
                    (settings == validate ? validating : plain).add(millis);
                }
            }
        }
        return Map.of("validate", median(validating.subList(CPU_ROUNDS - CPU_COUNTED, CPU_ROUNDS)),
            "off", median(plain.subList(CPU_ROUNDS - CPU_COUNTED, CPU_ROUNDS)));
    }

    private static Void lookUp(DnsjavaDns dns, DomainName domain) {
        return lookUp(dns, domain, Security.SECURE);
    }

    private static Void lookUp(DnsjavaDns dns, DomainName domain, Security needed) {
        DomainName host = domain.child("mx");
        DnsAnswer<?> mx = dns.mx(domain);
        // as a delivery does
        if (dns.prefetch(Question.ADDRESSES, host)) {
            dns.prefetch(Question.TLSA, host.child("_25._tcp"));
        }
        for (DnsAnswer<?> answer : List.of(mx, dns.addresses(host), dns.tlsa(host.child("_25._tcp")))) {
            if (!(answer instanceof DnsAnswer.Found<?> found) || needed == Security.SECURE && found.security() != Security.SECURE) {
                throw new IllegalStateException(domain + ": " + answer);
            }
        }
        return null;
    }

    private static DnsjavaDns trusting(NameServers unbound) {
        return new DnsjavaDns(DnsSettings.of(List.of(unbound.validator())).with(DnssecMode.TRUST_AD, TrustAnchors.iana()));
    }

    private static DnsSettings settings(DnsTree tree, InetSocketAddress server) throws IOException {
        return DnsSettings.of(List.of(server))
            .with(DnssecMode.VALIDATE, TrustAnchors.read(new ByteArrayInputStream(tree.trustAnchorBytes())));
    }

    private static DnsTree tree(int domains) {
        Zone zone = new Zone();
        DnsTree tree = DnsTree.over(zone).signed(".", Signing.with(Algorithm.RSA)).signed("example", Signing.with(Algorithm.ECDSA).nsec3());
        domains(domains).forEach(domain -> {
            tree.signed(domain.ascii(), Signing.with(Algorithm.ECDSA));
            zone.mx(domain.ascii(), 10, "mx." + domain).a("mx." + domain, "127.0.0.2").tlsa("_25._tcp.mx." + domain, 3, 1, 1, new byte[32]);
        });
        return tree;
    }

    private static List<DomainName> domains(int count) {
        List<DomainName> domains = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            domains.add(DomainName.of("d" + i + ".example"));
        }
        return domains;
    }

    private static double millis(Supplier<Void> work) {
        long start = System.nanoTime();
        work.get();
        return (System.nanoTime() - start) / 1e6;
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return Math.round(sorted.get(sorted.size() / 2) * 100) / 100.0;
    }
}
