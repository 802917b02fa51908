package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.outcome.ReportMailListener;
import jamestls.outcome.ReportMailListener.LeavingReport;
import jamestls.outcome.ReportMailListener.LostReport;
import jamestls.smtp.ReuseLimits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.apache.mailet.base.test.FakeMailContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Report mails in the queue: they are retried in a way of their own, and nobody gets a bounce. */
@Tag("slow")
class ReportMailWorkerTest {

    private final MemoryQueue queue = new MemoryQueue();
    private final FakeMailContext context = FakeMailContext.defaultContext();
    private final List<LostReport> lost = new CopyOnWriteArrayList<>();
    private final Map<String, String> leaving = new ConcurrentHashMap<>();
    private final ReportMailListener losses = new ReportMailListener() {
        @Override
        public void lost(LostReport report) {
            lost.add(report);
        }

        @Override
        public void leaving(LeavingReport report) {
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            try {
                report.content().writeTo(content);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            leaving.put(report.mail(), content.toString(StandardCharsets.US_ASCII));
        }
    };
    private TestDelivery internet;
    private QueueWorker worker;

    @BeforeEach
    void start() throws GeneralSecurityException {
        internet = new TestDelivery(ReuseLimits.defaults());
    }

    @AfterEach
    void stop() {
        if (worker != null) {
            worker.close();
        }
        internet.close();
    }

    @Test
    void reportMailShouldBeGivenUpWhenItsTimeIsOverAndNobodyGetABounce() throws Exception {
        SmtpServer mx = internet.goodMx("example.org").at(SmtpPhase.RCPT, SmtpAct.say("450 4.2.0 later"));
        enqueueReport("too-late", Instant.now().plusSeconds(200));
        work();

        await().until(() -> queue.succeeded.contains("too-late"));

        assertThat(lost).extracting(LostReport::mail, LostReport::recipient, LostReport::reason)
            .containsExactly(tuple("too-late", "reports@example.org", LostReport.Reason.EXPIRED));
        assertThat(lost.getFirst().why()).contains("450 4.2.0 later");
        assertThat(queue.delays).isEmpty();
        assertThat(context.getSentMails()).isEmpty();
        assertThat(mx.mails()).isEmpty();
    }

    @Test
    void reportMailShouldBeTriedAgainWhileThereIsTime() throws Exception {
        internet.goodMx("example.org").at(SmtpPhase.RCPT, SmtpAct.say("450 4.2.0 later"));
        enqueueReport("in-time", Instant.now().plusSeconds(24 * 3_600));
        work();

        await().until(() -> queue.succeeded.contains("in-time"));

        // and not the hour of the other mails
        assertThat(queue.delays).containsExactly(Duration.ofMinutes(5));
        assertThat(lost).isEmpty();
    }

    @Test
    void reportMailShouldBeRetriedForADayWithGrowingPauses() throws Exception {
        FakeMail mail = FakeMail.builder().name("report").sender(MailAddressFixture.SENDER).recipient("reports@example.org")
            .attribute(new Attribute(OutboundMail.Attributes.TLS_REPORT, AttributeValue.of(true))).build();
        RetrySchedule schedule = new ReportMails(losses, Clock.systemUTC()).scheduleOf(mail).orElseThrow();
        List<Duration> pauses = IntStream.iterate(0, i -> schedule.delayAfter(i).isPresent(), i -> i + 1)
            .mapToObj(i -> schedule.delayAfter(i).orElseThrow()).toList();

        assertThat(pauses).isSorted().hasSize(10);
        assertThat(pauses.stream().reduce(Duration.ZERO, Duration::plus)).isBetween(Duration.ofHours(20), Duration.ofHours(24));
    }

    @Test
    void reportMailThatIsRefusedShouldBeToldAndNotBounced() throws Exception {
        internet.goodMx("example.org").at(SmtpPhase.RCPT, SmtpAct.say("550 5.1.1 nobody here"));
        enqueueReport("refused", Instant.now().plusSeconds(24 * 3_600));
        work();

        await().until(() -> queue.succeeded.contains("refused"));

        assertThat(lost).extracting(LostReport::reason).containsExactly(LostReport.Reason.REFUSED);
        assertThat(lost).extracting(LostReport::reportId).containsExactly(Optional.of("20260301.example.org@sender.example"));
        assertThat(context.getSentMails()).isEmpty();
    }

    @Test
    void reportMailAndNoOtherShouldBeShownAsItLeaves() throws Exception {
        SmtpServer mx = internet.goodMx("example.org");
        enqueueReport("report", Instant.now().plusSeconds(24 * 3_600));
        queue.enQueue(FakeMail.builder().name("letter").sender(MailAddressFixture.SENDER).recipient("bob@example.org")
            .mimeMessage(TestDelivery.message()).build());
        work();

        await().until(() -> queue.succeeded.size() == 2);

        assertThat(leaving).containsOnlyKeys("report");
        // as it stands on the wire, but for dots doubled and the one at the end
        assertThat(mx.mails()).anySatisfy(mail ->
            assertThat(new String(mail.content(), StandardCharsets.US_ASCII)).isEqualTo(leaving.get("report")));
        assertThat(lost).isEmpty();
    }

    private void enqueueReport(String name, Instant expires) throws Exception {
        FakeMail mail = FakeMail.builder().name(name).sender(MailAddressFixture.SENDER).recipient("reports@example.org")
            .mimeMessage(TestDelivery.message()).build();
        mail.setAttribute(new Attribute(OutboundMail.Attributes.TLS_REPORT, AttributeValue.of(true)));
        mail.setAttribute(new Attribute(ReportMails.REPORT_ID, AttributeValue.of("20260301.example.org@sender.example")));
        mail.setAttribute(new Attribute(ReportMails.EXPIRES, AttributeValue.of(expires.toEpochMilli())));
        queue.enQueue(mail);
    }

    private void work() throws Exception {
        OutboundResources resources = internet.resources(1);
        worker = new QueueWorker(WaitingPlace.in(queue, 100), Router.byMx(internet.delivery(resources), 0),
            new RetrySchedule(List.of(Duration.ofHours(1)), 5),
            new QueueWorker.Notices(context, Optional.empty(), Optional.empty(), new ReportMails(losses, Clock.systemUTC())), resources,
            100, DeliveryCompletion.NOTICE_PAUSES);
    }
}
