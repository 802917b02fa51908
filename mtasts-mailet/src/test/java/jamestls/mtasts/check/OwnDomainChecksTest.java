package jamestls.mtasts.check;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.FakeInternet;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.PostgresExtension;
import jamestls.fakeinternet.SettableClock;
import jamestls.fakeinternet.SmtpServer;
import jamestls.mtasts.check.CheckResult.Severity;
import jamestls.outcome.OwnDomainEvents.Event;
import jamestls.outcome.OwnDomainEvents.Kind;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The daily checks of own domains, on both databases, with settable time. */
class OwnDomainChecksTest {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    private static final DomainName DOMAIN = DomainName.of("own.example");
    private static final String POLICY = "version: STSv1\nmode: testing\nmx: *.own.example\nmax_age: 604800\n";

    private final SettableClock clock = new SettableClock(Instant.now().truncatedTo(ChronoUnit.SECONDS));
    private final Instant start = clock.instant();
    private final CheckedInternet checked = new CheckedInternet(clock);
    private final FakeInternet internet = checked.internet();
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final Map<String, SmtpServer> replaced = new HashMap<>();

    @TempDir
    private Path directory;

    @BeforeEach
    void publish() {
        internet.mx("own.example", 10, "mx1.own.example").policy("own.example", POLICY)
            .dns(zone -> zone.txt("_smtp._tls.own.example", "v=TLSRPTv1; rua=mailto:tls@own.example"));
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
        checked.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"sqlite", "postgresql"})
    void changesShouldBeKeptWithTheirTimes(String kind) throws Exception {
        OwnDomainChecks checks = checks(open(kind));
        checks.round();
        assertThat(all(checks)).isEmpty();

        clock.advance(Duration.ofDays(1));
        Identity renewed = internet.ca().issue("mx1.own.example");
        replace("mx1.own.example", renewed);
        internet.mx("own.example", 20, "mx2.own.example").policy("own.example", POLICY.replace("604800", "86400"));
        checks.round();

        assertThat(all(checks)).extracting(Event::kind).containsExactly(Kind.POLICY, Kind.POLICY, Kind.MX, Kind.CERTIFICATE);
        assertThat(all(checks)).allSatisfy(event -> assertThat(event.time()).isEqualTo(start.plus(Duration.ofDays(1))));
        assertThat(all(checks)).extracting(Event::text).containsExactly("the id in the record changed: 2",
            "the policy changed: version: STSv1, mode: testing, mx: *.own.example, max_age: 86400",
            "mx2.own.example is a new mail host, with preference 20",
            "the certificate of mx1.own.example changed: valid until " + renewed.chain().getFirst().getNotAfter().toInstant()
                + ", by CN=Fake Internet Authority, key " + Tlsa311.of(renewed.chain().getFirst()).substring(6));
        assertThat(all(checks).getLast().host()).hasValue(DomainName.of("mx1.own.example"));
        assertThat(checks.events(DOMAIN, start, clock.instant())).isEmpty();

        clock.advance(Duration.ofDays(1));
        internet.dns(zone -> zone.remove("own.example", "MX").mx("own.example", 10, "mx1.own.example"));
        checks.round();
        assertThat(all(checks).getLast().text()).isEqualTo("mx2.own.example is no mail host any more");
    }

    @Test
    void nothingShouldBeCheckedBeforeItsDay() throws Exception {
        OwnDomainChecks checks = checks(open("sqlite"));
        checks.round();
        int connections = internet.mailServer("mx1.own.example").connections();

        clock.advance(Duration.ofHours(21));
        checks.round();
        assertThat(internet.mailServer("mx1.own.example").connections()).isEqualTo(connections);

        clock.advance(Duration.ofHours(3));
        checks.round();
        assertThat(internet.mailServer("mx1.own.example").connections()).isGreaterThan(connections);
    }

    @Test
    void whatCouldNotBeDeterminedShouldBeLookedAtAgainAfterAnHourAndChangeNothing() throws Exception {
        OwnDomainChecks checks = checks(open("sqlite"));
        checks.round();
        clock.advance(Duration.ofDays(1));
        internet.mailServer("mx1.own.example").close();
        checks.round();
        assertThat(all(checks)).isEmpty();
        assertThat(checks.problems()).isEmpty();

        clock.advance(Duration.ofMinutes(61));
        replace("mx1.own.example", internet.ca().issue("mx1.own.example"));
        checks.round();
        assertThat(all(checks)).extracting(Event::kind).containsExactly(Kind.CERTIFICATE);
    }

    @Test
    void certificateThatExpiresSoonShouldDegradeHealthUntilItIsRenewed() throws Exception {
        Identity old = internet.ca().issueUntil(start.plus(Duration.ofDays(20)), "mx1.own.example");
        replace("mx1.own.example", old);
        OwnDomainChecks checks = checks(open("sqlite"));
        checks.round();
        assertThat(checks.problems()).isEmpty();

        clock.advance(Duration.ofDays(7));
        checks.round();
        assertThat(checks.problems()).singleElement().asString().startsWith("own.example: mx1.own.example: its certificate [")
            .contains("] expires in 13 days, at ");
        assertThat(checks.problemCount()).isEqualTo(1);
        clock.advance(Duration.ofDays(1));
        checks.round();
        // the same problem, though its text differs
        assertThat(all(checks)).extracting(Event::kind).containsExactly(Kind.PROBLEM);

        replace("mx1.own.example", internet.ca().issue("mx1.own.example"));
        clock.advance(Duration.ofDays(1));
        checks.round();
        assertThat(checks.problems()).isEmpty();
        assertThat(all(checks)).extracting(Event::text).element(2).asString().startsWith("over: mx1.own.example: its certificate");
    }

    @Test
    void policyThatChangesWithoutItsIdShouldBeAProblem() throws Exception {
        OwnDomainChecks checks = checks(open("sqlite"));
        checks.round();
        internet.policy("own.example", POLICY.replace("604800", "86400"))
            .dns(zone -> zone.remove("_mta-sts.own.example").txt("_mta-sts.own.example", "v=STSv1; id=1;"));
        clock.advance(Duration.ofDays(1));
        checks.round();

        assertThat(checks.problems()).singleElement().asString()
            .isEqualTo("own.example: record: the policy has changed and the id has not, so senders that have the old policy keep it");
    }

    @Test
    void testingForLongShouldBeRemembered() throws Exception {
        Database database = open("sqlite");
        OwnDomainChecks checks = checks(database);
        checks.round();
        clock.advance(Duration.ofDays(31));
        checks.round();

        assertThat(new OwnDomainStore(database).results(List.of(DOMAIN)).getFirst().lines())
            .filteredOn(line -> line.severity() == Severity.ADVICE).extracting(CheckResult.Line::code).contains("testing-for-long");
    }

    @ParameterizedTest
    @ValueSource(strings = {"sqlite", "postgresql"})
    void oneOfSeveralServersShouldCheckAndAllShouldKnow(String kind) throws Exception {
        replace("mx1.own.example", internet.ca().issueExpired("mx1.own.example"));
        Database database = open(kind);
        List<OwnDomainChecks> servers = List.of(checks(database), checks(database), checks(database));
        List<Thread> running = servers.stream().map(each -> Thread.startVirtualThread(() -> round(each))).toList();
        for (Thread each : running) {
            each.join();
        }
        for (OwnDomainChecks each : servers) {
            each.round();
            assertThat(each.problems()).singleElement().asString().contains("certificate-expired");
        }
        // one session for the host, and one that asks for the mailbox
        assertThat(requestsForPolicy()).isEqualTo(1);
        assertThat(replaced.get("mx1.own.example").connections()).isEqualTo(2);
    }

    @Test
    void leaseOfAServerThatDiedShouldEnd() throws Exception {
        Database database = open("sqlite");
        OwnDomainStore store = new OwnDomainStore(database);
        assertThat(store.claim(DOMAIN, "dead", clock.instant(), clock.instant().plus(OwnDomainChecks.LEASE))).isTrue();
        OwnDomainChecks checks = checks(database);
        checks.round();
        assertThat(requestsForPolicy()).isZero();

        clock.advance(OwnDomainChecks.LEASE);
        checks.round();
        assertThat(requestsForPolicy()).isEqualTo(1);
        // what the first one finds out too late is not saved
        assertThat(store.save("dead", new CheckResult(DOMAIN, clock.instant(), List.of(), true), Snapshot.NONE, List.of(), clock.instant()))
            .isFalse();
    }

    @Test
    void failingDatabaseShouldBeAProblemAndNoMore() throws Exception {
        Database database = open("sqlite");
        OwnDomainChecks checks = checks(database);
        database.close();
        checks.round();

        assertThat(checks.problems()).singleElement().asString().startsWith("own domains can't be checked: ");
    }

    private long requestsForPolicy() {
        return internet.policyHost().requests("mta-sts.own.example");
    }

    private static void round(OwnDomainChecks checks) {
        try {
            checks.round();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<Event> all(OwnDomainChecks checks) {
        return checks.events(DOMAIN, start, clock.instant().plusMillis(1));
    }

    /** The host gets another certificate: a server at another address takes its place. */
    private void replace(String host, Identity identity) {
        String address = internet.mailServer(host).ip().getHostAddress().replaceFirst("[0-9]+$", String.valueOf(201 + opened.size()));
        SmtpServer other = SmtpServer.named(host).on(address).port(internet.smtpPort()).identity(identity).start();
        opened.add(other);
        replaced.put(host, other);
        internet.dns(zone -> zone.remove(host, "A").a(host, address));
    }

    private Database open(String kind) {
        DatabaseAddress address = kind.equals("sqlite") ? new DatabaseAddress.SqliteFile(directory.resolve("own.sqlite"))
            : DatabaseAddress.parse(POSTGRES.newDatabase(), "", "", location -> directory).orElseThrow();
        Database database = Database.open(address, List.of(OwnDomainStore.TABLES), clock);
        opened.add(database);
        return database;
    }

    private OwnDomainChecks checks(Database database) {
        OwnDomainChecks checks = new OwnDomainChecks(new OwnDomainSettings(List.of(DOMAIN), Duration.ofDays(14)),
            checked.sender(StrictSender.LIMIT), new OwnDomainStore(database), clock, new Random(1));
        opened.add(checks);
        return checks;
    }
}
