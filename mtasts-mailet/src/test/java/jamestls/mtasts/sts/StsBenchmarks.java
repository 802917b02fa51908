package jamestls.mtasts.sts;

import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsServer;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What a delivery to a domain that is known costs (JMH): nothing goes over a socket, all is in memory. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 6, time = 1)
public class StsBenchmarks {

    static final String POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mx1.user.example\r\nmx: mx2.user.example\r\n"
        + "mx: *.backup.user.example\r\nmax_age: 604800\r\n";

    private final DomainName domain = DomainName.of("user.example");
    private final DomainName mx = DomainName.of("mx2.user.example");
    private final byte[] body = POLICY.getBytes(StandardCharsets.UTF_8);
    private DnsServer server;
    private StsPolicies policies;

    @Setup
    public void know() {
        server = DnsServer.start();
        server.zone().ttl(86_400).txt("_mta-sts.user.example", "v=STSv1; id=20260101T000000;");
        policies = new StsPolicies(new DnsjavaDns(DnsSettings.of(List.of(server.address()))),
            new PolicyFetcher(request -> PolicyFixture.page(POLICY), PolicyFetcher.HTTPS_PORT, PolicyFetcher.USUAL_DEADLINE),
            new MemoryPolicyStore(), RefreshSchedule.daily(new Random(1)), new StsWarnings(), Clock.systemUTC());
        if (!warmDecision()) {
            throw new IllegalStateException("no policy");
        }
    }

    @TearDown
    public void close() {
        server.close();
    }

    /** TXT id, cached policy, and whether it lists the host. */
    @Benchmark
    public boolean warmDecision() {
        return policies.lookup(domain) instanceof StsLookup.Found found && found.policy().lists(mx);
    }

    @Benchmark
    public ParsedPolicy parseOfThreeMx() {
        return StsPolicy.parse(body);
    }
}
