package jamestls.activemq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.FakeInternet;
import jamestls.fakeinternet.SmtpServer;
import jamestls.mtasts.held.HeldGroup;
import jamestls.mtasts.held.HeldStore;
import jamestls.mtasts.held.HeldStore.RetryRequest;
import jamestls.mtasts.held.RetryRequests;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** "Retry now" on James's ActiveMQ queue, whose flush marks every message: only the mail of that domain is tried, the others wait on. */
class RetryNowIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Test
    void mailOfOneDomainShouldBeTriedAndTheOthersKeepTheirDueTime(@TempDir Path directory) {
        QueueNodeBuild build = QueueNodeBuild.into(directory.resolve("build"));
        Path work = Nodes.directory(directory.resolve("node"));
        DatabaseAddress database = new DatabaseAddress.SqliteFile(work.resolve("var/jamestls.sqlite"));
        try (FakeInternet internet = FakeInternet.start()) {
            internet.mx("d0.kill.example", 10, "mx.d0.kill.example").mx("d1.kill.example", 10, "mx.d1.kill.example");
            SmtpServer asked = internet.mailServer("mx.d0.kill.example").replyTo("m0@d0.kill.example", "450 4.2.1 busy");
            SmtpServer other = internet.mailServer("mx.d1.kill.example").replyTo("m1@d1.kill.example", "450 4.2.1 busy");
            Map<String, String> parameters = Nodes.parameters(internet, work, 20);
            parameters.put("delayTime", "1h");
            try (QueueNodeProcess node = QueueNodeProcess.start(build, work, parameters, QueueNodeProcess.numbers())) {
                node.fill(0, 2, 2, 100);
                await().atMost(PATIENCE).until(() -> held(database).size() == 2);
                List<Instant> due = held(database).stream().map(HeldGroup::nextTry).toList();
                asked.replyTo("m0@d0.kill.example", "250 2.1.5 fine");
                other.replyTo("m1@d1.kill.example", "250 2.1.5 fine");

                ask(database, "d0.kill.example");

                assertThat(asked.awaitMails(1, PATIENCE)).hasSize(1);
                await().atMost(PATIENCE).untilAsserted(() -> assertThat(held(database)).singleElement().satisfies(group -> {
                    assertThat(group.domain()).isEqualTo("d1.kill.example");
                    assertThat(due).contains(group.nextTry());
                }));
                await().atMost(PATIENCE).until(() -> node.ask("waiting") == 1);
                assertThat(other.mails()).isEmpty();

                ask(database, "d1.kill.example");

                assertThat(other.awaitMails(1, PATIENCE)).hasSize(1);
                await().atMost(PATIENCE).until(() -> node.ask("waiting") == 0);
                node.stop();
            }
        }
    }

    /** As {@code held} reads it. */
    private static List<HeldGroup> held(DatabaseAddress address) {
        try (Database database = Database.toRead(address, List.of(HeldStore.TABLES))) {
            return new HeldStore(database).groups(Optional.empty(), Instant.now());
        }
    }

    /** As {@code retry} asks. */
    private static void ask(DatabaseAddress address, String domain) {
        try (Database database = Database.toChange(address, List.of(HeldStore.TABLES), Clock.systemUTC())) {
            new HeldStore(database).ask(new RetryRequest(RetryRequests.newId(), DomainName.of(domain), Instant.now()));
        }
    }
}
