package jamestls.mtasts.sts;

import jamestls.dns.AddressGuard;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.PolicyHost;
import jamestls.fakeinternet.SettableClock;
import jamestls.fakeinternet.TestCa;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsSettings;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** One domain, its name server, its policy host and our store of policies, each of which can be struck by a fault. */
final class FaultFixture implements AutoCloseable {

    static final DomainName DOMAIN = DomainName.of("user.example");
    static final String OLD = policy("old.user.example");
    static final String NEW = policy("new.user.example");

    private static final String RECORD = "_mta-sts.user.example";
    private static final String HOST = "mta-sts.user.example";
    private static final TestCa CA = TestCa.create("Policy Root");
    /** For what is meant to run into it. */
    private static final Duration SOON = Duration.ofMillis(700);
    private static final Duration TAKES_A_WHILE = Duration.ofMillis(50);
    private static final Duration HALF_A_SECOND = Duration.ofMillis(500);

    private final DnsServer dnsServer = DnsServer.start();
    private final PolicyHost host = PolicyHost.start();
    private final Path file;
    private final boolean storeless;
    private boolean slowStore;
    private Duration dnsDeadline = Duration.ofSeconds(12);
    private Duration fetchDeadline = PolicyFetcher.USUAL_DEADLINE;
    private boolean startAnew;
    private final SettableClock clock = new SettableClock(Instant.now());
    private Optional<Database> database = Optional.empty();
    private GuardedHttpsClient https;
    private PolicyStore store;
    private StsPolicies policies;

    FaultFixture(Path directory, boolean storeless) {
        this.file = directory.resolve("jamestls.sqlite");
        this.storeless = storeless;
        // TTL 0: each look-up goes out to the server, as it would after the TTL has passed
        dnsServer.zone().ttl(0).negativeTtl(0).a(HOST, "127.0.0.1");
        open();
    }

    private static String policy(String mx) {
        return "version: STSv1\nmode: enforce\nmx: " + mx + "\nmax_age: 86400\n";
    }

    void publish(String id, String policy) {
        dnsServer.zone().remove(RECORD).txt(RECORD, "v=STSv1; id=" + id);
        host.serve(HOST, CA.issue(HOST), HttpAnswer.policy(policy));
    }

    void letPoliciesExpire() {
        clock.advance(Duration.ofHours(25));
    }

    StsLookup lookup() {
        if (startAnew) {
            startAnew = false;
            restart();
        }
        return policies.lookup(DOMAIN);
    }

    /** Connections the policy host has seen. */
    long connections() {
        return host.connections();
    }

    /** @param fault as the fault matrix calls it */
    void strike(String fault) {
        switch (fault) {
            case "nowhere: everything works" -> { }
            case "TXT: no record" -> dnsServer.zone().remove(RECORD);
            case "TXT: the answer takes half a second" -> dnsServer.faults().delay(RECORD, HALF_A_SECOND);
            case "TXT: the name server refuses" -> dnsServer.faults().set(RECORD, DnsFault.REFUSED);
            case "TXT: two records" -> dnsServer.zone().txt(RECORD, "v=STSv1; id=3");
            case "TXT: no answer" -> strikeDns(DnsFault.TIMEOUT);
            case "TXT: an answer no parser takes" -> strikeDns(DnsFault.GARBAGE);
            case "HTTPS: no address" -> dnsServer.zone().remove(HOST);
            case "HTTPS: header fields drip without end" -> endless(new HttpAnswer.DripHeaders(Duration.ofMillis(20)));
            case "HTTPS: nobody listens" -> host.close();
            case "HTTPS: 404" -> host.answer(HOST, HttpAnswer.status(404, NEW));
            case "HTTPS: nothing is said" -> endless(new HttpAnswer.Stall());
            case "HTTPS: what is said is no HTTP" ->
                host.answer(HOST, new HttpAnswer.Raw("mode: enforce\n\n".getBytes(StandardCharsets.UTF_8)));
            case "certificate: no certificate for the name" -> host.withdraw(HOST);
            case "certificate: the handshake stalls" -> {
                host.door(PolicyHost.Door.STALLED);
                hurry();
            }
            case "certificate: unknown authority" ->
                host.serve(HOST, TestCa.create("Stranger").issue(HOST), HttpAnswer.policy(NEW));
            case "certificate: another name" -> host.serve(HOST, CA.issue("user.example"), HttpAnswer.policy(NEW));
            case "certificate: expired" -> host.serve(HOST, CA.issueExpired(HOST), HttpAnswer.policy(NEW));
            case "certificate: reset in mid-handshake" -> host.door(PolicyHost.Door.SLAMMED);
            case "certificate: what is said is no TLS" -> host.door(PolicyHost.Door.PLAIN_TEXT);
            case "body: empty" -> host.answer(HOST, HttpAnswer.policy(""));
            case "body: drips without end" -> endless(new HttpAnswer.DripBody(Duration.ofMillis(20)));
            case "body: one byte too many" -> host.answer(HOST, HttpAnswer.bytes(65_537, HttpAnswer.Framing.CHUNKED));
            case "body: enforce without mx" -> host.answer(HOST, HttpAnswer.policy("version: STSv1\nmode: enforce\nmax_age: 1\n"));
            case "body: half of it" -> host.answer(HOST, new HttpAnswer.CloseMidBody());
            case "body: bytes" -> host.answer(HOST, HttpAnswer.policy("\u0000\u0001\uFFFD"));
            default -> strikeStore(fault);
        }
    }

    private void strikeStore(String fault) {
        String[] parts = fault.split("[:;] ");
        if (parts.length > 2) {
            dnsServer.faults().set(RECORD, DnsFault.REFUSED);
        }
        startAnew = parts[0].endsWith("restart");
        switch (parts[1]) {
            case "memory only" -> { }
            case "every call takes a while" -> slowStore = true;
            case "closed, every call fails" -> {
                startAnew = false;
                if (parts[0].endsWith("restart")) {
                    restart();
                }
                database.ifPresent(Database::close);
            }
            case "the row makes no sense" -> database.orElseThrow().transaction(connection -> {
                try (Statement statement = connection.createStatement()) {
                    return statement.executeUpdate("UPDATE sts_policy SET policy = 'mode: enfoce'");
                }
            });
            case "the file is deleted" -> {
                if (startAnew) {
                    database.ifPresent(Database::close);
                }
                for (String part : List.of("", "-wal", "-shm")) {
                    change(() -> Files.deleteIfExists(Path.of(file + part)));
                }
            }
            case "the file is overwritten, all but its header" -> {
                if (startAnew) {
                    database.ifPresent(Database::close);
                }
                change(() -> {
                    byte[] content = Files.readAllBytes(file);
                    Arrays.fill(content, Math.min(100, content.length), content.length, (byte) '?');
                    return Files.write(file, content);
                });
            }
            default -> throw new IllegalArgumentException(fault);
        }
    }

    private void strikeDns(DnsFault fault) {
        dnsServer.faults().set(RECORD, fault);
        dnsDeadline = SOON;
        startAnew = true;
    }

    private void endless(HttpAnswer answer) {
        host.answer(HOST, answer);
        hurry();
    }

    private void hurry() {
        fetchDeadline = SOON;
        startAnew = true;
    }

    private void restart() {
        policies.settle();
        https.close();
        database.ifPresent(Database::close);
        open();
    }

    private void open() {
        DnsjavaDns dns = new DnsjavaDns(DnsSettings.of(List.of(dnsServer.address())).within(
            dnsDeadline.compareTo(SOON) > 0 ? Duration.ofSeconds(6) : dnsDeadline.dividedBy(2), dnsDeadline, 64, 1_000));
        https = new GuardedHttpsClient(dns, new HttpsSettings(Optional.of(CA.trustStore()), AddressGuard.anywhere()));
        database = storeless ? Optional.empty()
            : Optional.of(Database.open(new DatabaseAddress.SqliteFile(file), List.of(SqlPolicyStore.TABLES), Clock.systemUTC()));
        store = database.<PolicyStore>map(each -> new SqlPolicyStore(each, clock)).orElseGet(MemoryPolicyStore::new);
        policies = new StsPolicies(dns, new PolicyFetcher(https, host.port(), fetchDeadline), pausing(store),
            RefreshSchedule.daily(new Random(1)), new StsWarnings(), clock);
    }

    /** The same store, with a pause before each call once that fault has struck. */
    private PolicyStore pausing(PolicyStore quick) {
        return (PolicyStore) Proxy.newProxyInstance(PolicyStore.class.getClassLoader(), new Class<?>[] {PolicyStore.class},
            (proxy, method, arguments) -> {
                if (slowStore) {
                    new CountDownLatch(1).await(TAKES_A_WHILE.toMillis(), TimeUnit.MILLISECONDS);
                }
                try {
                    return method.invoke(quick, arguments);
                } catch (InvocationTargetException e) {
                    throw e.getCause();
                }
            });
    }

    @FunctionalInterface
    private interface FileChange {
        Object make() throws IOException;
    }

    private static void change(FileChange change) {
        try {
            change.make();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        https.close();
        host.close();
        dnsServer.close();
        database.ifPresent(Database::close);
    }
}
