package jamestls.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.FakeInternet;
import jamestls.fakeinternet.SmtpServer;
import jamestls.james.PackagedCommand;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code retry} on James's ActiveMQ queue, whose flush marks every message: only mail of that domain is tried, the rest waits on. */
class RetryNowIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Test
    void mailOfOneDomainShouldBeTriedAndTheOthersKeepTheirDueTime(@TempDir Path directory) {
        QueueNodeBuild build = QueueNodeBuild.into(directory.resolve("build"), QueueNodeBuild.Queue.ACTIVEMQ);
        Path work = Nodes.directory(directory.resolve("node"));
        try (FakeInternet internet = FakeInternet.start()) {
            internet.mx("d0.kill.example", 10, "mx.d0.kill.example").mx("d1.kill.example", 10, "mx.d1.kill.example");
            SmtpServer asked = internet.mailServer("mx.d0.kill.example").replyTo("m0@d0.kill.example", "450 4.2.1 busy");
            SmtpServer other = internet.mailServer("mx.d1.kill.example").replyTo("m1@d1.kill.example", "450 4.2.1 busy");
            Map<String, String> parameters = Nodes.parameters(internet, work, 20);
            parameters.put("delayTime", "1h");
            try (QueueNodeProcess node = QueueNodeProcess.start(build, work, parameters, QueueNodeProcess.numbers())) {
                node.fill(0, 2, 2, 100);
                await().atMost(PATIENCE).until(() -> held(work).size() == 2);
                String waiting = held(work).stream().filter(line -> line.startsWith("d1.kill.example  1 mail, reply")).findFirst()
                    .orElseThrow();
                asked.replyTo("m0@d0.kill.example", "250 2.1.5 fine");
                other.replyTo("m1@d1.kill.example", "250 2.1.5 fine");

                retry(work, "d0.kill.example");

                assertThat(asked.awaitMails(1, PATIENCE)).hasSize(1);
                await("the other one as it was, with its next try").atMost(PATIENCE).until(() -> held(work).equals(List.of(waiting)));
                await().atMost(PATIENCE).until(() -> node.ask("waiting") == 1);
                assertThat(other.mails()).isEmpty();

                retry(work, "d1.kill.example");

                assertThat(other.awaitMails(1, PATIENCE)).hasSize(1);
                await().atMost(PATIENCE).until(() -> node.ask("waiting") == 0);
                node.stop();
            }
        }
    }

    /** The first line of each group. */
    private static List<String> held(Path work) {
        return PackagedCommand.run("held", "--set", database(work)).out().lines().filter(line -> line.startsWith("d")).toList();
    }

    private static void retry(Path work, String domain) {
        PackagedCommand.Result result = PackagedCommand.run("retry", domain, "--set", database(work));
        assertThat(result.exitCode()).as(result.out()).isZero();
    }

    private static String database(Path work) {
        return "database=" + work.resolve("var/jamestls.sqlite").toAbsolutePath().toUri().toString().replaceFirst("^file:/+", "file:///");
    }
}
