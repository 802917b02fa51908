package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.outcome.ReportMailListener;
import jamestls.smtp.ReuseLimits;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.apache.mailet.base.test.FakeMailContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bursts for servers that limit connections, keep silent or drip, from the queue to the wire. */
@Tag("slow")
class HostileServersTest {

    private static final Duration RETRY = Duration.ofHours(1);

    private final MemoryQueue queue = new MemoryQueue();
    private TestDelivery internet;
    private QueueWorker worker;

    @AfterEach
    void stop() {
        internet.release();
        worker.close();
        internet.close();
    }

    @ParameterizedTest
    @CsvSource({"1, 80", "2, 80", "5, 80", "10, 200", "20, 200"})
    void burstForALimitingServerShouldBeDeliveredInTheFirstRound(int limit, int mails) throws Exception {
        internet = new TestDelivery(ReuseLimits.defaults());
        SmtpServer mx = internet.goodMx("example.org").atMost(limit)
            .at(SmtpPhase.FINAL_REPLY, SmtpAct.sayInSegments(Duration.ofMillis(150), "250 2.0.0 ", "taken\r\n"));
        for (int i = 0; i < mails; i++) {
            enqueue("mail-" + i, "bob@example.org");
        }
        work();

        mx.awaitMails(mails, Duration.ofSeconds(60));

        assertThat(queue.delays).as("retries").doesNotContain(RETRY);
        assertThat(mx.refusedConnections()).isLessThanOrEqualTo(5);
    }

    @Test
    void mailsThatWaitForASilentServerShouldShareItsFailure() throws Exception {
        internet = new TestDelivery(Duration.ofSeconds(2));
        SmtpServer mx = internet.goodMx("example.org").at(SmtpPhase.GREETING, SmtpAct.stall());
        for (int i = 0; i < 20; i++) {
            enqueue("mail-" + i, "bob@example.org");
        }
        work();

        await().until(() -> queue.delays.stream().filter(RETRY::equals).count() == 20);

        assertThat(mx.connections()).isLessThanOrEqualTo(3);
    }

    @Test
    void goodMailShouldNotWaitForAHundredSilentAndDrippingServers() throws Exception {
        internet = new TestDelivery(Duration.ofSeconds(60));
        SmtpServer good = internet.goodMx("good.example");
        SmtpServer[] bad = new SmtpServer[100];
        for (int i = 0; i < bad.length; i++) {
            String domain = "bad" + i + ".example";
            bad[i] = internet.mx(domain, 10, "mx." + domain, setup -> setup);
            bad[i].at(i % 4 < 2 ? SmtpPhase.GREETING : i % 4 == 2 ? SmtpPhase.MAIL : SmtpPhase.FINAL_REPLY,
                i % 2 == 0 ? SmtpAct.stall() : SmtpAct.drip("220 " + "x".repeat(500), Duration.ofSeconds(1)));
        }
        work();
        enqueue("good-1", "bob@good.example");
        good.awaitMails(1, Duration.ofSeconds(30));
        for (int mail = 0; mail < 20; mail++) {
            for (int i = 0; i < bad.length; i++) {
                enqueue("bad-" + i + "-" + mail, "bob@bad" + i + ".example");
            }
        }
        await().atMost(Duration.ofSeconds(60)).until(() -> queue.size() == 0
            && List.of(bad).stream().allMatch(server -> server.openConnections() == 1));

        enqueue("good-2", "bob@good.example");
        // half of the time that a silent server takes
        good.awaitMails(2, Duration.ofSeconds(30));
        await().untilAsserted(() -> assertThat(internet.openConnections()).isLessThanOrEqualTo(bad.length + 1));
        List.of(bad).forEach(SmtpServer::close);
    }

    private void work() throws Exception {
        OutboundResources resources = internet.resources(20);
        worker = new QueueWorker(queue, Router.byMx(internet.delivery(resources), 0), new RetrySchedule(List.of(RETRY), 5),
            new QueueWorker.Notices(FakeMailContext.defaultContext(), Optional.empty(), Optional.empty(),
                new ReportMails(new ReportMailListener() { }, Clock.systemUTC())), resources, 5_000);
    }

    private void enqueue(String name, String recipient) throws Exception {
        queue.enQueue(FakeMail.builder().name(name).sender(MailAddressFixture.SENDER).recipient(recipient)
            .mimeMessage(TestDelivery.message()).build());
    }
}
