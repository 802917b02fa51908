package jamestls.mtasts.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.held.HeldMail.Why;
import jamestls.mtasts.held.HeldMails;
import jamestls.mtasts.held.HeldStore;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code held} and {@code retry} beside a server that runs. */
@Tag("slow")
class HeldTest {

    private static final Why EXPIRED =
        new Why(Cause.POLICY, "451 4.7.5 certificate expired \u001b[2J", "Only the postmaster of a.example can fix this.");

    private final Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);

    @TempDir
    private Path directory;

    @BeforeEach
    void configure() throws IOException {
        Files.createDirectories(directory.resolve("conf"));
        configure("file://var/held.sqlite");
    }

    @Test
    void commandsShouldReadAndAskARunningServer() throws Exception {
        List<String> asked = new CopyOnWriteArrayList<>();
        try (Database database = Database.open(file(), List.of(HeldStore.TABLES), Clock.systemUTC());
             HeldMails mails = new HeldMails("outgoing", "one", Optional.of(new HeldStore(database)), Clock.systemUTC())) {
            mails.requests().carriedOutBy(domain -> asked.add(domain.ascii()));
            mails.start(Map::of);
            mails.waits(mails.item("m1"), Map.of("a.example", EXPIRED), now, now.plusSeconds(900));
            mails.waits(mails.item("m2"), Map.of("a.example", EXPIRED), now, now.plusSeconds(60));
            await().until(() -> mails.groups(Optional.empty()).stream().anyMatch(group -> group.mails() == 2));

            Run held = held();
            assertThat(held.exitCode()).isEqualTo(1);
            assertThat(held.out().lines()).containsExactly(
                "a.example  2 mails, policy, since " + now.truncatedTo(ChronoUnit.SECONDS) + ", next try "
                    + now.plusSeconds(60).truncatedTo(ChronoUnit.SECONDS),
                "    451 4.7.5 certificate expired ?[2J", "    -> Only the postmaster of a.example can fix this.");
            JsonNode json = new ObjectMapper().readTree(held("--domain", "A.EXAMPLE", "--json").out()).get("held");
            assertThat(json).hasSize(1);
            assertThat(json.get(0).get("domain").asText()).isEqualTo("a.example");
            assertThat(json.get(0).get("cause").asText()).isEqualTo("policy");
            assertThat(json.get(0).get("mails").asInt()).isEqualTo(2);
            assertThat(json.get(0).get("since").asText()).isEqualTo(now.toString());
            assertThat(json.get(0).get("nextTry").asText()).isEqualTo(now.plusSeconds(60).toString());
            assertThat(json.get(0).get("why").asText()).isEqualTo("451 4.7.5 certificate expired ?[2J");
            assertThat(json.get(0).get("whoCanFix").asText()).isEqualTo("Only the postmaster of a.example can fix this.");
            assertThat(held("--domain", "b.example").out().strip()).isEqualTo("no mail is held");
            assertThat(held("--domain", "b.example").exitCode()).isZero();
            assertThat(held("--would").out().strip()).isEqualTo("nothing would be held");

            Run retry = Run.of("retry", "A.example", "--conf", directory.resolve("conf").toString());
            assertThat(retry.exitCode()).as(retry.err()).isZero();
            assertThat(retry.out()).contains("tries the mail for a.example within ten seconds");
            await().until(() -> asked.equals(List.of("a.example")));
        }
    }

    @Test
    void serverThatNeverRanShouldBeLeftAsItIs() throws IOException {
        for (Run run : List.of(held(), Run.of("retry", "a.example", "--conf", directory.resolve("conf").toString()))) {
            assertThat(run.exitCode()).isEqualTo(3);
            assertThat(run.err()).contains("there is no file", "James creates it when it starts");
        }
        assertThat(directory.resolve("var")).doesNotExist();
    }

    @Test
    void memoryShouldBeSaidToBeOutOfReach() throws IOException {
        configure("memory");

        assertThat(held().exitCode()).isEqualTo(3);
        assertThat(held().err()).contains("database=memory", "ask its webadmin");
    }

    @Test
    void wrongUsageShouldBeSaid() {
        assertThat(held("--domain", "not a domain").exitCode()).isEqualTo(2);
        assertThat(held("--set", "dnsServers=127.0.0.1").err()).contains("only database, databaseUser, databasePassword can be set here");
        assertThat(Run.of("retry", "--conf", "conf").exitCode()).isEqualTo(2);
    }

    @Test
    void commandsShouldRunWithoutAnyClassOfJames() throws Exception {
        Database.open(file(), List.of(HeldStore.TABLES), Clock.systemUTC()).close();

        StandAlone.Result held = StandAlone.run(List.of("held", "--conf", directory.resolve("conf").toString()));
        assertThat(held.exitCode()).as(held.err()).isZero();
        assertThat(StandAlone.run(List.of("retry", "a.example", "--conf", directory.resolve("conf").toString())).exitCode()).isZero();
    }

    private Run held(String... more) {
        List<String> arguments = new ArrayList<>(List.of("held", "--conf", directory.resolve("conf").toString()));
        arguments.addAll(List.of(more));
        return Run.of(arguments.toArray(String[]::new));
    }

    private DatabaseAddress file() {
        return new DatabaseAddress.SqliteFile(directory.resolve("var/held.sqlite"));
    }

    private void configure(String database) throws IOException {
        Files.writeString(directory.resolve("conf/mailetcontainer.xml"), "<mailetcontainer><processors><processor state=\"relay\">"
            + "<mailet match=\"All\" class=\"jamestls.mtasts.SecureRemoteDelivery\"><database>" + database
            + "</database><gateway>relay.example</gateway></mailet></processor></processors></mailetcontainer>");
    }
}
