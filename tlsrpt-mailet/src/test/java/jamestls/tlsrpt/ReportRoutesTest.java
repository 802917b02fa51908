package jamestls.tlsrpt;

import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.met;
import static jamestls.tlsrpt.Samples.violated;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.mail.MessagingException;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.SettableClock;
import jamestls.outcome.TlsOutcomes;
import jamestls.outcome.Violation.ResultType;
import jamestls.page.PageContents;
import jamestls.tlsrpt.web.ReportRoutes;
import jamestls.web.AdminServer;
import jamestls.web.AdminServer.Answer;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.apache.james.task.Task;
import org.apache.james.task.TaskId;
import org.apache.james.task.TaskManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code /tls/reports} over HTTP, in James's own administration server. */
class ReportRoutesTest {

    private final FakeJames james = new FakeJames();
    private final TlsOutcomes outcomes = new TlsOutcomes();
    private final ReportingService service = new ReportingService(outcomes, new PageContents());
    private final SettableClock clock = new SettableClock(NOON);
    private final DnsServer dns = DnsServer.start();
    private final List<Task> tasks = new CopyOnWriteArrayList<>();
    private final List<TlsReporting> mailets = new CopyOnWriteArrayList<>();
    private AdminServer server;

    @TempDir
    private Path directory;

    @BeforeEach
    void start() {
        dns.zone().txt("_smtp._tls.rcpt.example", "v=TLSRPTv1; rua=mailto:tls@rcpt.example");
        server = AdminServer.start(new ReportRoutes(service, taskManager(), AdminServer.crossSiteCheck(), clock));
    }

    @AfterEach
    void stop() {
        server.close();
        mailets.forEach(TlsReporting::destroy);
        dns.close();
        james.close();
    }

    @Test
    void reportsShouldShowWhatIsCountedAndWhatWasSent() throws Exception {
        startMailet("file://reports.sqlite");
        outcomes.record(List.of(met(NOON), violated(NOON, ResultType.CERTIFICATE_EXPIRED, "")));
        outcomes.record(List.of(met(NOON, DomainName.of("silent.example"))));

        assertThat(json(server.get("/tls/reports")).at("/counted")).hasSize(2);
        JsonNode counted = json(server.get("/tls/reports?domain=rcpt.example&day=2026-03-01")).at("/counted");
        assertThat(counted).hasSize(1);
        assertThat(counted.at("/0/sessions").asInt()).isEqualTo(2);
        assertThat(counted.at("/0/failed").asInt()).isEqualTo(1);
        assertThat(json(server.get("/tls/reports?day=2026-02-28")).at("/counted")).isEmpty();
        assertThat(json(server.get("/tls/reports?limit=1")).at("/counted")).hasSize(1);
        assertThat(outcomes.sessionsToday(Samples.RCPT)).contains(new TlsOutcomes.Sessions(2, 1));

        send("?action=send&day=2026-03-01");
        assertThat(json(server.get("/tls/reports?domain=rcpt.example")).at("/counted/0/destinations/0/state").asText())
            .isEqualTo("ACCEPTED");
    }

    @Test
    void dayThatIsNotOverShouldBeSentOnlyIfItIsNamed() throws Exception {
        startMailet("file://reports.sqlite");
        outcomes.record(List.of(met(NOON)));

        assertThat(send("?action=send")).isEqualTo(Task.Result.COMPLETED);
        assertThat(james.sent()).isEmpty();
        assertThat(send("?action=send&day=2026-03-01")).isEqualTo(Task.Result.COMPLETED);
        assertThat(james.sentTo("tlsreport")).hasSize(1);
    }

    @Test
    void daysThatAreOverShouldBeSentOnceHoweverOftenItIsAsked() throws Exception {
        startMailet("file://reports.sqlite");
        outcomes.record(List.of(met(NOON)));
        clock.advance(Duration.ofDays(1));

        assertThat(send("?action=send")).isEqualTo(Task.Result.COMPLETED);
        assertThat(send("?action=send")).isEqualTo(Task.Result.COMPLETED);

        assertThat(james.sentTo("tlsreport")).hasSize(1);
    }

    @Test
    void onlyTheNamedDayShouldBeSent() throws Exception {
        startMailet("file://reports.sqlite");
        outcomes.record(List.of(met(NOON)));
        clock.advance(Duration.ofDays(1));

        send("?action=send&day=2026-03-02");
        assertThat(james.sent()).isEmpty();
        send("?action=send&day=2026-03-01");
        assertThat(james.sentTo("tlsreport")).hasSize(1);
    }

    @Test
    void taskShouldBePartialWhenAReportCouldNotBeSent() throws Exception {
        startMailet("file://reports.sqlite");
        outcomes.record(List.of(met(NOON)));
        dns.close();

        assertThat(send("?action=send&day=2026-03-01")).isEqualTo(Task.Result.PARTIAL);
    }

    @Test
    void taskShouldBePartialWhereNoMailetRuns() throws Exception {
        startMailet("file://reports.sqlite");
        assertThat(server.post("/tls/reports?action=send").status()).isEqualTo(201);
        mailets.forEach(TlsReporting::destroy);
        mailets.clear();

        assertThat(tasks.getFirst().run()).isEqualTo(Task.Result.PARTIAL);
    }

    @Test
    void routesShouldAnswer503UntilAMailetHasStarted() {
        for (Answer answer : List.of(server.get("/tls/reports"), server.post("/tls/reports?action=send"))) {
            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.body()).contains("No TlsReporting has started");
        }
        assertThat(tasks).isEmpty();
    }

    @Test
    void countsInMemoryShouldNotBeShown() throws Exception {
        startMailet("memory");

        assertThat(server.get("/tls/reports")).satisfies(answer -> {
            assertThat(answer.status()).isEqualTo(409);
            assertThat(answer.body()).contains("The counts are in memory");
        });
    }

    @ParameterizedTest
    @CsvSource({
        "GET,  ?day=yesterday,                 'yesterday' is not a day",
        "GET,  ?domain=no..name,               is not a domain name",
        "GET,  ?limit=0,                       limit is a number from 1 to 1000",
        "GET,  ?from=2026-03-01,               There is no query parameter 'from'; allowed are: day, domain, limit.",
        "POST, '',                             action must be send",
        "POST, ?action=delete,                 action must be send",
        "POST, ?action=send&day=2026-03-02,    day must not be in the future"})
    void mistakesShouldBe400(String method, String query, String message) throws Exception {
        startMailet("memory");

        Answer answer = server.send(method, "/tls/reports" + query, Map.of(), "");

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.body()).contains("InvalidArgument", message);
        assertThat(tasks).isEmpty();
    }

    @Test
    void requestOfAnotherSiteShouldSendNothing() throws Exception {
        startMailet("memory");

        assertThat(server.send("POST", "/tls/reports?action=send", Map.of("Origin", "http://attacker.example"), "").status())
            .isEqualTo(403);
        assertThat(tasks).isEmpty();
    }

    /** Asks for it, and runs the task as James would. */
    private Task.Result send(String query) throws Exception {
        Answer answer = server.post("/tls/reports" + query);
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        String id = new ObjectMapper().readTree(answer.body()).at("/taskId").asText();
        assertThat(answer.headers()).contains("Location: /tasks/" + id);
        return tasks.getLast().run();
    }

    private static JsonNode json(Answer answer) throws IOException {
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return new ObjectMapper().readTree(answer.body());
    }

    private void startMailet(String database) throws MessagingException {
        TlsReporting mailet = new TlsReporting(service, FakeJames.dns("192.0.2.53"), james.files(directory),
            new RecordingMetricFactory(), clock);
        mailet.init(james.config(Map.of("organization", "Sender Example", "contact", "tlsrpt@sender.example",
            "dnsServers", "127.0.0.1:" + dns.address().getPort(), "database", database)));
        mailets.add(mailet);
    }

    private TaskManager taskManager() {
        return (TaskManager) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {TaskManager.class},
            (proxy, method, arguments) -> {
                if (method.getName().equals("submit")) {
                    tasks.add((Task) arguments[0]);
                    return TaskId.generateTaskId();
                }
                throw new AssertionError(method);
            });
    }
}
