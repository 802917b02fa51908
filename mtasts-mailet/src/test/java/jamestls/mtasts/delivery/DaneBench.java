package jamestls.mtasts.delivery;

import com.sun.management.OperatingSystemMXBean;
import jakarta.mail.MessagingException;
import jamestls.bench.BenchReport;
import jamestls.dns.AddressGuard;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsSettings.DnssecMode;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.dns.TrustAnchors;
import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.FakeInternet;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.Zone;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsSettings;
import jamestls.mtasts.dane.DaneScope;
import jamestls.mtasts.dane.Tlsa;
import jamestls.mtasts.dane.TlsaRecords;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.policy.CertificateCheck;
import jamestls.mtasts.policy.RuleSettings;
import jamestls.mtasts.policy.Rules;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.sts.MemoryPolicyStore;
import jamestls.mtasts.sts.PolicyFetcher;
import jamestls.mtasts.sts.RefreshSchedule;
import jamestls.mtasts.sts.StsPolicies;
import jamestls.mtasts.sts.StsWarnings;
import jamestls.smtp.ReuseLimits;
import jamestls.smtp.SmtpConnector;
import jamestls.smtp.SmtpSettings;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.apache.james.core.MailAddress;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * What DANE costs once everything is known: the decision about one host, the match, and whole deliveries with DANE beside
 * MTA-STS against MTA-STS alone, to one server and from warm caches, in turns.
 */
public final class DaneBench {

    private static final String DOMAIN = "good.example";
    private static final String HOST = "mx.good.example";
    private static final int ROUNDS = 7;
    private static final int MAILS = 200;
    private static final int MAILS_OVER_REUSED = 2_000;
    private static final int IMPLICIT = 8;
    private static final int CPU_ROUNDS = 12;
    private static final int CALLS = 100_000;

    private DaneBench() {
    }

    /** @param args the file for the results */
    public static void main(String... args) throws Exception {
        DnsTree tree = DnsTree.over(new Zone()).signed(".", Signing.with(Signing.Algorithm.RSA))
            .signed("example", Signing.with(Signing.Algorithm.ECDSA)).signed(DOMAIN, Signing.with(Signing.Algorithm.ECDSA));
        Map<String, Object> results = new LinkedHashMap<>();
        try (FakeInternet internet = FakeInternet.start(tree)) {
            Identity identity = internet.ca().issue(HOST);
            internet.policy(DOMAIN, "version: STSv1\nmode: enforce\nmx: " + HOST + "\nmax_age: 86400\n")
                .mx(DOMAIN, 10, SmtpServer.named(HOST).identity(identity))
                .dns(zone -> zone.tlsa("_" + internet.smtpPort() + "._tcp." + HOST, 3, 1, 1,
                    Tlsa.of(3, 1, 1, identity.chain().getFirst()).data()));
            DnsSettings plain = DnsSettings.of(List.of(internet.dnsAddress()));
            DnsSettings validating = plain.with(DnssecMode.VALIDATE, TrustAnchors.read(new ByteArrayInputStream(tree.trustAnchorBytes())));
            for (ReuseLimits reuse : List.of(ReuseLimits.none(), ReuseLimits.defaults())) {
                try (Sender dane = new Sender(internet, validating, DaneScope.ANY_MX, reuse);
                     Sender sts = new Sender(internet, plain, DaneScope.OFF, reuse)) {
                    results.put(reuse.mails() == 1 ? "deliveriesOneMailPerConnection" : "deliveriesOverReusedConnections",
                        compare(dane, sts));
                }
            }
        }
        DaneBenchmarks benchmarks = new DaneBenchmarks();
        benchmarks.know();
        try {
            results.put("warmDecisionCpuMicros", cpuMicros(benchmarks::warmDecision));
            results.put("warmDecisionFromMxCpuMicros", cpuMicros(benchmarks::warmDecisionFromMx));
            results.put("matchCpuMicros", cpuMicros(benchmarks::match));
        } finally {
            benchmarks.close();
        }
        BenchReport report = new BenchReport(Path.of(args[0]));
        report.section("warm", results);
        Options options = new OptionsBuilder().include(DaneBenchmarks.class.getName()).addProfiler(GCProfiler.class).build();
        for (RunResult run : new Runner(options).run()) {
            report.section(run.getPrimaryResult().getLabel(), Map.of("nanos", hundredths(run.getPrimaryResult().getScore()),
                "error", hundredths(run.getPrimaryResult().getScoreError()),
                "bytes", hundredths(run.getSecondaryResults().get("gc.alloc.rate.norm").getScore()),
                "load", hundredths(ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage())));
        }
        System.out.println(Files.readString(Path.of(args[0])));
    }

    /** By the clock and by processor time, the servers' included: on a busy machine only the second says much. */
    private static Map<String, Double> compare(Sender dane, Sender sts) throws Exception {
        List<Speed> withDane = new ArrayList<>();
        List<Speed> without = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            Speed one = (round % 2 == 0 ? dane : sts).run();
            Speed other = (round % 2 == 0 ? sts : dane).run();
            if (round > 1) {
                withDane.add(round % 2 == 0 ? one : other);
                without.add(round % 2 == 0 ? other : one);
            }
        }
        double daneCpu = median(withDane.stream().map(Speed::cpuMicros).toList());
        double stsCpu = median(without.stream().map(Speed::cpuMicros).toList());
        double daneSpeed = median(withDane.stream().map(Speed::mailsPerSecond).toList());
        double stsSpeed = median(without.stream().map(Speed::mailsPerSecond).toList());
        return Map.of("daneMailsPerSecond", daneSpeed, "stsMailsPerSecond", stsSpeed, "ratioOfSpeeds", hundredths(daneSpeed / stsSpeed),
            "daneCpuMicrosPerMail", daneCpu, "stsCpuMicrosPerMail", stsCpu, "ratioByCpu", hundredths(stsCpu / daneCpu));
    }

    private record Speed(double mailsPerSecond, double cpuMicros) {
    }

    private static double hundredths(double value) {
        return Math.round(value * 100) / 100.0;
    }

    /** Processor time of one call, since the machine may have other things to do; the best of some rounds. */
    private static double cpuMicros(Supplier<?> call) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        double best = Double.MAX_VALUE;
        for (int round = 0; round < CPU_ROUNDS; round++) {
            long before = threads.getCurrentThreadCpuTime();
            for (int i = 0; i < CALLS; i++) {
                if (call.get() == null) {
                    throw new IllegalStateException("nothing");
                }
            }
            best = Math.min(best, (threads.getCurrentThreadCpuTime() - before) / 1e3 / CALLS);
        }
        return hundredths(best);
    }

    private static double median(List<Double> values) {
        return Math.round(values.stream().sorted().toList().get(values.size() / 2));
    }

    /** A delivery with everything behind it. */
    private static final class Sender implements AutoCloseable {

        private final DnsjavaDns dns;
        private final GuardedHttpsClient https;
        private final SmtpConnector connector;
        private final OutboundResources traffic;
        private final StsPolicies policies;
        private final Delivery delivery;
        private final int port;
        private final int mailsInRun;

        Sender(FakeInternet internet, DnsSettings settings, DaneScope scope, ReuseLimits reuse) throws GeneralSecurityException {
            dns = new DnsjavaDns(settings);
            port = internet.smtpPort();
            mailsInRun = reuse.mails() == 1 ? MAILS : MAILS_OVER_REUSED;
            https = new GuardedHttpsClient(dns, new HttpsSettings(Optional.of(internet.ca().trustStore()), AddressGuard.anywhere()));
            policies = new StsPolicies(dns, new PolicyFetcher(https, internet.policyPort()), new MemoryPolicyStore(),
                RefreshSchedule.daily(new Random(1)), new StsWarnings(), Clock.systemUTC());
            connector = new SmtpConnector(SmtpSettings.defaults("sender.example"));
            traffic = new OutboundResources(connector, reuse, IMPLICIT, IMPLICIT);
            delivery = new Delivery(new Lookups(new Destinations(dns, new Random(1)),
                new HostLookup(dns, new TlsaRecords(dns, scope),
            Rules.of(RuleSettings.none(), Clock.systemUTC())), policies),
                CertificateCheck.trusting(internet.ca().trustStore()), traffic, AddressGuard.anywhere(), port,
                new Delivery.Recording(outcomes -> { }, DeliveryMetrics.none(), Clock.systemUTC()));
        }

        Speed run() throws Exception {
            OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            deliver();
            long cpu = system.getProcessCpuTime();
            long begun = System.nanoTime();
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Callable<Void>> mails = new ArrayList<>();
                for (int i = 0; i < mailsInRun; i++) {
                    mails.add(this::deliver);
                }
                for (Future<Void> sent : threads.invokeAll(mails)) {
                    sent.get();
                }
            } catch (ExecutionException e) {
                throw new IllegalStateException(e.getCause());
            }
            return new Speed(mailsInRun * 1e9 / (System.nanoTime() - begun), (system.getProcessCpuTime() - cpu) / 1e3 / mailsInRun);
        }

        private Void deliver() throws MessagingException, IOException {
            DeliveryResult result = delivery.deliver(new OutboundMail("Mail1", DomainName.of(DOMAIN), Optional.empty(),
                List.of(new MailAddress("bob@" + DOMAIN)), SenderTlsRequest.AS_POLICY_SAYS, OutboundMail.Reporting.COUNTED,
                TestDelivery.message()));
            if (!(result instanceof DeliveryResult.Answered answered) || answered.accepted().isEmpty()) {
                throw new IllegalStateException(result.toString());
            }
            return null;
        }

        @Override
        public void close() {
            traffic.close();
            connector.close();
            https.close();
        }
    }
}
