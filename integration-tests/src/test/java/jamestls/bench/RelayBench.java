package jamestls.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import jamestls.james.BenchServer;
import jamestls.james.JamesHome;
import jamestls.james.Surroundings;
import jamestls.scenario.PolicyFiles;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;

/**
 * Stock RemoteDelivery and SecureRemoteDelivery in one real James, the same mails to the same sink, in turn; counted at the
 * sink. Mails are queued while the sink holds back its answers; the time runs from the moment it lets go to the last mail.
 * docs/benchmarks.md has the method and the numbers.
 *
 * <p>Arguments: a directory to work in, and optionally the cases to run, such as {@code 20/100/2048}.
 */
public final class RelayBench {

    private static final int MOST_DESTINATIONS = 100;
    private static final int ROUNDS = Integer.getInteger("bench.rounds", 3);
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final Sink sink;
    private final BenchServer james;
    private final HttpClient http = HttpClient.newHttpClient();

    private RelayBench(Sink sink, BenchServer james) {
        this.sink = sink;
        this.james = james;
    }

    private record Case(int rtt, int destinations, int size, int mails) {
        String key() {
            return rtt + "/" + destinations + "/" + size;
        }
    }

    private record Run(double perSecond, long connections, double cpuMillis) {
    }

    private static final List<Case> CASES = List.of(
        new Case(0, 1, 2_048, 2_000), new Case(0, 100, 2_048, 2_000), new Case(0, 1, 102_400, 600), new Case(0, 100, 102_400, 600),
        new Case(20, 1, 2_048, 1_000), new Case(20, 100, 2_048, 1_000), new Case(20, 1, 102_400, 400), new Case(20, 100, 102_400, 400));

    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]).toAbsolutePath();
        List<String> wanted = Arrays.asList(arguments).subList(1, arguments.length);
        TestCa ca = TestCa.create("Bench Root");
        Zone zone = new Zone().ttl(86_400);
        Map<String, Identity> hosts = new LinkedHashMap<>();
        Map<String, String> policies = new LinkedHashMap<>();
        for (int i = 0; i < MOST_DESTINATIONS; i++) {
            String domain = "d" + i + ".bench.example";
            String address = "127.0.1." + (i + 1);
            hosts.put(address, ca.issue("mx." + domain));
            zone.mx(domain, 10, "mx." + domain).a("mx." + domain, address)
                .txt("_mta-sts." + domain, "v=STSv1; id=1;").a("mta-sts." + domain, "127.0.0.1");
            policies.put("mta-sts." + domain, "version: STSv1\nmode: enforce\nmx: mx." + domain + "\nmax_age: 604800\n");
        }
        try (Sink sink = Sink.start(directory, hosts);
             DnsServer dns = DnsServer.start(zone);
             PolicyFiles files = new PolicyFiles(policies, ca.issue(policies.keySet().toArray(String[]::new)));
             BenchServer james = BenchServer.start(JamesHome.configured(),
                 Files.createTempDirectory(Files.createDirectories(directory), "james"),
                 new Surroundings(dns.address(), sink.port(), files.port(), ca.trustStore()),
                 Map.of("GATEWAYS", String.join(",", hosts.keySet().stream().map(ip -> ip + ":" + sink.port()).toList()),
                     "DNS", dns.address().getAddress().getHostAddress() + ":" + dns.address().getPort(),
                     "SMTP_PORT", "" + sink.port(), "POLICY_PORT", "" + files.port()),
                 Arrays.stream(System.getProperty("bench.jvm", "").split(" ")).filter(word -> !word.isBlank()).toList())) {
            RelayBench bench = new RelayBench(sink, james);
            bench.warmUp();
            List<Map<String, Object>> results = new ArrayList<>();
            for (Case each : CASES) {
                if (wanted.isEmpty() || wanted.contains(each.key())) {
                    results.add(bench.measure(each));
                }
            }
            new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(directory.resolve("relay.json").toFile(), results);
            System.out.println(Files.readString(directory.resolve("relay.json")));
        }
    }

    private void warmUp() {
        for (int i = 0; i < 2; i++) {
            Case small = new Case(0, MOST_DESTINATIONS, 2_048, 2_000);
            run("stock", small);
            run("secure", small);
        }
    }

    private Map<String, Object> measure(Case each) {
        List<Run> stock = new ArrayList<>();
        List<Run> secure = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            stock.add(run("stock", each));
            secure.add(run("secure", each));
        }
        Run a = median(stock);
        Run b = median(secure);
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("rtt_ms", each.rtt());
        result.put("destinations", each.destinations());
        result.put("size", each.size());
        result.put("mails", each.mails());
        result.put("stock_per_s", rounded(a.perSecond()));
        result.put("secure_per_s", rounded(b.perSecond()));
        result.put("ratio", rounded(b.perSecond() / a.perSecond()));
        result.put("connections_stock", a.connections());
        result.put("connections_secure", b.connections());
        result.put("cpu_ms_per_mail_stock", rounded(a.cpuMillis()));
        result.put("cpu_ms_per_mail_secure", rounded(b.cpuMillis()));
        System.out.println(result);
        return result;
    }

    private Run run(String who, Case each) {
        sink.roundTrip(Duration.ofMillis(each.rtt()));
        Sink.Count before = sink.count();
        sink.shut();
        Injection.mails(james.injectionPort(), who, each.mails(), each.size(), each.destinations());
        Awaitility.await("the filling of the queue").atMost(PATIENCE).pollDelay(Duration.ofMillis(700))
            .until(() -> size("spool").contains("\"size\":0"));
        Duration cpu = james.cpu();
        long start = System.nanoTime();
        sink.open();
        long wanted = before.mails() + each.mails();
        Awaitility.await(who + " " + each).atMost(PATIENCE).pollInterval(Duration.ofMillis(2)).until(() -> sink.count().mails() >= wanted);
        double seconds = (System.nanoTime() - start) / 1e9;
        double cpuMillis = james.cpu().minus(cpu).toNanos() / 1e6 / each.mails();
        Run run = new Run(each.mails() / seconds, sink.count().connections() - before.connections(), cpuMillis);
        System.out.println(who + " " + each + " " + run);
        return run;
    }

    private String size(String queue) throws IOException, InterruptedException {
        return http.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + james.webadminPort() + "/mailQueues/" + queue)).build(),
            BodyHandlers.ofString()).body();
    }

    private static Run median(List<Run> runs) {
        return runs.stream().sorted(Comparator.comparingDouble(Run::perSecond)).toList().get(runs.size() / 2);
    }

    private static double rounded(double value) {
        return Math.round(value * 100) / 100.0;
    }
}
