package jamestls.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.ServerPorts;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import jamestls.james.BenchServer;
import jamestls.james.JamesHome;
import jamestls.james.ServerEnvironment;
import jamestls.scenario.PolicyFiles;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * Stock RemoteDelivery and SecureRemoteDelivery in one real James, Postfix and Exim where they are installed, and what none of them can be
 * faster than: a bare sender ({@link Limit}) and James's queue alone ({@link QueueAlone}). The same mails to the same
 * sink, in turn; counted at the sink. Mails are queued while the sink holds back its answers; the time runs from the moment it
 * lets go to the last mail. docs/reference/benchmarks.md has the method, docs/benchmarks.md the numbers.
 *
 * <p>Arguments: a directory to work in, and optionally the cases to run, such as {@code 20/100/2048/1000}: round trip in
 * milliseconds, destinations, size, mails. {@code -Dbench.rounds=} is 3 by default, {@code -Dbench.relays=} names those to run.
 */
public final class RelayBench {

    private static final int MAX_DESTINATIONS = 100;
    private static final int ROUNDS = Integer.getInteger("bench.rounds", 3);
    private static final List<String> WANTED = List.of(
        System.getProperty("bench.relays", "stock,secure,limit,queue,postfix,postfix_reuse,exim").split(","));

    private final Sink sink;
    private final List<Relay> relays;

    private RelayBench(Sink sink, List<Relay> relays) {
        this.sink = sink;
        this.relays = relays;
    }

    private record Case(int rtt, int destinations, int size, int mails) {
        private static Case parse(String text) {
            int[] words = Arrays.stream(text.split("/")).mapToInt(Integer::parseInt).toArray();
            return new Case(words[0], words[1], words[2], words[3]);
        }
    }

    private record Run(double perSecond, long connections, double cpuMillis) {
    }

    private static final List<Case> CASES = List.of(
        new Case(0, 1, 2_048, 2_000), new Case(0, 100, 2_048, 2_000), new Case(0, 1, 102_400, 600), new Case(0, 100, 102_400, 600),
        new Case(20, 1, 2_048, 1_000), new Case(20, 100, 2_048, 1_000), new Case(20, 1, 102_400, 400), new Case(20, 100, 102_400, 400));
    private static final List<Case> WARM_UP = List.of(new Case(0, MAX_DESTINATIONS, 2_048, 2_000), new Case(0, 1, 2_048, 2_000),
        new Case(0, 1, 102_400, 300), new Case(20, 1, 2_048, 500), new Case(0, MAX_DESTINATIONS, 2_048, 2_000));
    /** The JVM compiles for some tens of thousands of mails, which a busy server has sent after some minutes. */
    private static final List<Case> UNTIL_COMPILED = Stream.concat(Stream.of(new Case(0, MAX_DESTINATIONS, 2_048, 20_000),
        new Case(0, MAX_DESTINATIONS, 102_400, 600), new Case(0, 1, 102_400, 600)),
        Collections.nCopies(5, new Case(0, 1, 2_048, 2_000)).stream()).toList();
    private static final Set<String> COMPILED = Set.of("stock", "secure", "limit", "queue");

    public static void main(String[] arguments) throws IOException, CertificateEncodingException {
        Path directory = Path.of(arguments[0]).toAbsolutePath();
        List<Case> cases = arguments.length == 1 ? CASES : Arrays.stream(arguments).skip(1).map(Case::parse).toList();
        TestCa ca = TestCa.create("Bench Root");
        Zone zone = new Zone().ttl(86_400);
        Map<String, Identity> hosts = new LinkedHashMap<>();
        Map<String, String> policies = new LinkedHashMap<>();
        for (int i = 0; i < MAX_DESTINATIONS; i++) {
            String domain = "d" + i + ".bench.example";
            String address = "127.0.1." + (i + 1);
            hosts.put(address, ca.issue("mx." + domain));
            zone.mx(domain, 10, "mx." + domain).a("mx." + domain, address)
                .txt("_mta-sts." + domain, "v=STSv1; id=1;").a("mta-sts." + domain, "127.0.0.1");
            policies.put("mta-sts." + domain, "version: STSv1\nmode: enforce\nmx: mx." + domain + "\nmax_age: 604800\n");
        }
        int drainPort = ServerPorts.free();
        List<Relay.Server> others = new ArrayList<>();
        try (Sink sink = Sink.start(directory, hosts);
             DnsServer dns = DnsServer.start(zone);
             PolicyFiles files = new PolicyFiles(policies, ca.issue(policies.keySet().toArray(String[]::new)));
             BenchServer james = BenchServer.start(JamesHome.configured(),
                 Files.createTempDirectory(Files.createDirectories(directory), "james"),
                 new ServerEnvironment(dns.address(), sink.port(), files.port(), ca.trustStore()),
                 Map.of("GATEWAYS", String.join(",", hosts.keySet().stream().map(ip -> ip + ":" + sink.port()).toList()),
                     "DNS", dns.address().getAddress().getHostAddress() + ":" + dns.address().getPort(),
                     "SMTP_PORT", "" + sink.port(), "POLICY_PORT", "" + files.port(), "DRAIN_PORT", "" + drainPort),
                 Arrays.stream(System.getProperty("bench.jvm", "").split(" ")).filter(word -> !word.isBlank()).toList());
             HttpClient http = HttpClient.newHttpClient();
             Limit limit = Limit.start(directory, List.copyOf(hosts.keySet()), sink.port())) {
            Relay.OfJames secure = new Relay.OfJames("secure", james, http);
            List<Relay> relays = new ArrayList<>(List.of(new Relay.OfJames("stock", james, http), secure, limit,
                new QueueAlone(new Relay.OfJames("queue", james, http), drainPort)));
            MachineTime time = new MachineTime(List.of(ProcessHandle.current(), james.handle(), sink.handle()));
            startOthers(directory, sink, List.copyOf(hosts.keySet()), pem(ca), time, others);
            relays.addAll(others);
            relays.removeIf(relay -> !WANTED.contains(relay.name()));
            RelayBench bench = new RelayBench(sink, relays);
            // Exim's processes are new ones for each mail
            WARM_UP.forEach(each -> relays.stream().filter(relay -> !(relay instanceof Exim)).forEach(relay -> bench.run(relay, each)));
            UNTIL_COMPILED.forEach(each -> relays.stream().filter(relay -> COMPILED.contains(relay.name()))
                .forEach(relay -> bench.turn(relay, each)));
            List<Map<String, Object>> results = new ArrayList<>();
            cases.forEach(each -> results.add(bench.measure(each)));
            results.add(SlowHosts.measure(sink, secure, MAX_DESTINATIONS));
            new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(directory.resolve("relay.json").toFile(), results);
            System.out.println(Files.readString(directory.resolve("relay.json")));
            RelayReport.write(directory);
        } finally {
            others.forEach(Relay.Server::close);
        }
    }

    /** Starts the wanted servers of other projects that are installed, and names what is missing. */
    private static void startOthers(Path directory, Sink sink, List<String> addresses, String authority, MachineTime time,
                                    List<Relay.Server> started) {
        Optional<String> missing = Postfix.missing();
        missing.ifPresent(what -> System.out.println("Postfix is not measured: " + what));
        for (Postfix.Reuse reuse : missing.isPresent() ? new Postfix.Reuse[0] : Postfix.Reuse.values()) {
            if (WANTED.contains(Postfix.name(reuse))) {
                started.add(Postfix.start(directory, reuse, addresses, sink.port(), authority, time));
            }
        }
        missing = Exim.missing();
        missing.ifPresent(what -> System.out.println("Exim is not measured: " + what));
        if (missing.isEmpty() && WANTED.contains("exim")) {
            started.add(Exim.start(directory, addresses, sink, authority, time));
        }
    }

    private static String pem(TestCa ca) throws CertificateEncodingException {
        return "-----BEGIN CERTIFICATE-----\n" + Base64.getMimeEncoder().encodeToString(ca.root().getEncoded())
            + "\n-----END CERTIFICATE-----\n";
    }

    private Map<String, Object> measure(Case each) {
        Map<String, List<Run>> runs = new LinkedHashMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            for (Relay relay : relays) {
                runs.computeIfAbsent(relay.name(), name -> new ArrayList<>()).add(run(relay, each));
            }
        }
        Map<String, Run> medians = new LinkedHashMap<>();
        runs.forEach((name, all) -> medians.put(name, median(all)));
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("rtt_ms", each.rtt());
        result.put("destinations", each.destinations());
        result.put("size", each.size());
        result.put("mails", each.mails());
        medians.forEach((name, run) -> {
            result.put(name + "_per_s", rounded(run.perSecond()));
            result.put(name + "_connections", run.connections());
            if (run.cpuMillis() > 0) {
                result.put(name + "_cpu_ms_per_mail", rounded(run.cpuMillis()));
            }
        });
        if (medians.keySet().containsAll(List.of("secure", "stock"))) {
            result.put("ratio", rounded(medians.get("secure").perSecond() / medians.get("stock").perSecond()));
        }
        if (medians.keySet().containsAll(List.of("secure", "limit", "queue"))) {
            result.put("share_of_limit", rounded(medians.get("secure").perSecond()
                / Math.min(medians.get("limit").perSecond(), medians.get("queue").perSecond())));
        }
        System.out.println(result);
        return result;
    }

    private Run run(Relay relay, Case each) {
        // a session that is kept would save its owner the handshake, and keeps the round trip of the case it was opened in
        Awaitility.await("the end of idle sessions").atMost(Relay.PATIENCE).until(() -> sink.count().open() == 0);
        return turn(relay, each);
    }

    private Run turn(Relay relay, Case each) {
        sink.roundTrip(Duration.ofMillis(each.rtt()));
        Sink.Count before = sink.count();
        sink.shut();
        relay.fill(each.mails(), each.size(), each.destinations());
        Duration cpu = relay.cpu();
        double seconds = relay.send(sink, before.mails() + each.mails()).toNanos() / 1e9;
        double cpuMillis = relay.cpu().minus(cpu).toNanos() / 1e6 / each.mails();
        Run run = new Run(each.mails() / seconds, sink.count().connections() - before.connections(), cpuMillis);
        System.out.println(relay.name() + " " + each + " " + run);
        return run;
    }

    private static Run median(List<Run> runs) {
        return runs.stream().sorted(Comparator.comparingDouble(Run::perSecond)).toList().get(runs.size() / 2);
    }

    private static double rounded(double value) {
        return Math.round(value * 100) / 100.0;
    }
}
