package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.SmtpServerSetup.BehindDot;
import jamestls.outcome.ReportMailListener;
import jamestls.smtp.ReuseLimits;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.Mail;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.apache.mailet.base.test.FakeMailContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Mails that wait for one server, from the queue to their results, with envelopes behind final dots (docs/adr/0051). */
@Tag("slow")
class PipelinedDeliveryTest {

    private static final String AHEAD = "-- more has come behind the dot";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final MemoryQueue queue = new MemoryQueue();
    private final FakeMailContext context = FakeMailContext.defaultContext();
    private TestDelivery internet;
    private QueueWorker worker;

    @BeforeEach
    void start() throws GeneralSecurityException {
        internet = new TestDelivery(ReuseLimits.defaults(), PATIENCE);
    }

    @AfterEach
    void stop() {
        internet.release();
        worker.close();
        internet.close();
    }

    @Test
    void backlogShouldTravelBehindFinalDots() throws Exception {
        SmtpServer mx = awaiting("example.org");
        internet.policy("example.org", "enforce", "mx.example.org");
        enqueue(IntStream.range(0, 20).mapToObj(i -> "r" + i + "@example.org"));

        work(1);

        mx.awaitMails(20, PATIENCE);
        await().untilAsserted(() -> assertThat(queue.succeeded).hasSize(20));
        assertThat(arrived(mx)).doesNotHaveDuplicates().hasSize(20);
        assertThat(mx.connections()).isEqualTo(1);
        assertThat(mx.transcript().stream().filter(AHEAD::equals).count()).isGreaterThan(5);
    }

    @Test
    void mailWithRequireTlsShouldNotBeSentBehindOthersToAServerWithoutIt() throws Exception {
        SmtpServer mx = awaiting("example.org");
        internet.policy("example.org", "enforce", "mx.example.org");
        for (int i = 0; i < 20; i++) {
            Mail mail = mail((i % 4 == 3 ? "protected" : "open") + i + "@example.org");
            if (i % 4 == 3) {
                mail.setAttribute(new Attribute(OutboundMail.Attributes.REQUIRETLS, AttributeValue.of(true)));
            }
            queue.enQueue(mail);
        }

        work(1);

        mx.awaitMails(15, PATIENCE);
        await().untilAsserted(() -> assertThat(queue.succeeded).hasSize(20));
        assertThat(arrived(mx)).doesNotHaveDuplicates().hasSize(15).allMatch(recipient -> recipient.startsWith("open"));
        assertThat(mx.transcript()).contains(AHEAD).noneMatch(line -> line.contains("protected") || line.contains("REQUIRETLS"));
    }

    @Test
    void domainWithTwoHostsShouldHaveNoMoreSessionsThanItsLimit() throws Exception {
        List<SmtpServer> hosts = Stream.of("mx1.example.org", "mx2.example.org")
            .map(host -> internet.mx("example.org", 10, host, setup -> setup.identity(internet.ca.issue(host)))).toList();
        enqueue(IntStream.range(0, 60).mapToObj(i -> "first" + i + "@example.org"));
        work(3);
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(queue.succeeded).hasSize(60));
        assertThat(hosts).as("both have answered").allMatch(host -> !host.mails().isEmpty());
        // the second half comes when the servers are released
        hosts.forEach(host -> host.at(SmtpPhase.FINAL_REPLY, SmtpAct.sayInSegments(Duration.ofMinutes(1), "250 2.0.0 ", "taken\r\n")));
        long before = bodies(hosts);

        enqueue(IntStream.range(0, 100).mapToObj(i -> "r" + i + "@example.org"));

        await().atMost(PATIENCE).until(() -> bodies(hosts) - before == 3);
        await().during(Duration.ofSeconds(3)).atMost(PATIENCE).until(() -> bodies(hosts) - before == 3);
    }

    private static long bodies(List<SmtpServer> hosts) {
        return hosts.stream().flatMap(host -> host.transcript().stream()).filter(line -> line.endsWith(" bytes)")).count();
    }

    private SmtpServer awaiting(String domain) {
        return internet.mx(domain, 10, "mx." + domain,
            setup -> setup.identity(internet.ca.issue("mx." + domain)).behindDot(BehindDot.AWAITED, Duration.ofSeconds(30)));
    }

    private static List<String> arrived(SmtpServer mx) {
        return mx.mails().stream().map(mail -> mail.recipients().getFirst().address()).toList();
    }

    private void work(int perDestination) throws Exception {
        OutboundResources resources = internet.resources(perDestination);
        worker = new QueueWorker(WaitingPlace.in(queue, 1_000), Router.byMx(internet.delivery(resources), 0),
            new RetrySchedule(List.of(Duration.ofHours(1)), 5),
            new QueueWorker.Notices(context, Optional.of("failed"), Optional.empty(),
                new ReportMails(new ReportMailListener() { }, Clock.systemUTC())),
            resources, 1_000, DeliveryCompletion.NOTICE_PAUSES);
    }

    private void enqueue(Stream<String> recipients) throws Exception {
        for (String recipient : recipients.toList()) {
            queue.enQueue(mail(recipient));
        }
    }

    private static Mail mail(String recipient) throws Exception {
        return FakeMail.builder().name(recipient).sender(MailAddressFixture.SENDER).recipient(recipient)
            .mimeMessage(TestDelivery.message()).build();
    }
}
