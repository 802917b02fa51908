package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import jakarta.mail.internet.AddressException;
import jakarta.mail.internet.MimeMessage;
import jamestls.fakeinternet.CapturedLog;
import jamestls.fakeinternet.FaultInjector;
import jamestls.fakeinternet.SmtpServer;
import jamestls.outcome.TlsOutcomes;
import java.io.OutputStream;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.james.queue.api.MailQueue;
import org.apache.mailet.Mail;
import org.apache.mailet.MailetContext;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.apache.mailet.base.test.FakeMailContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One mail that goes wrong in a way of its own, among others that must not notice. */
@ResourceLock(CapturedLog.LOCK)
@Tag("slow")
class BadMailTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final List<Duration> AT_ONCE = List.of(Duration.ofMillis(5), Duration.ofMillis(5), Duration.ofMillis(5),
        Duration.ofMillis(5));

    @RegisterExtension
    final CapturedLog log = CapturedLog.of("jamestls.mtasts.delivery", Level.INFO);

    private final MemoryQueue queue = new MemoryQueue();
    private final FakeMailContext context = FakeMailContext.defaultContext();
    private final FaultInjector<MailetContext> james = FaultInjector.before(MailetContext.class, context);
    private TestDelivery internet;
    private SmtpServer good;
    private QueueWorker worker;

    @BeforeEach
    void start() throws Exception {
        internet = new TestDelivery();
        good = internet.goodMx("good.example");
    }

    @AfterEach
    void stop() {
        if (worker != null) {
            worker.close();
        }
        internet.close();
    }

    @Test
    void mailWhoseBounceCanNotBeBuiltShouldGoToTheErrorRepository() throws Exception {
        internet.goodMx("bad.example").replyTo("bob@bad.example", "550 5.7.1 spam");
        james.at("bounce", () -> new AddressException("Domain contains illegal character"));
        enqueue("poison", "bob@bad.example");
        work(100, 5, AT_ONCE);

        await().atMost(PATIENCE).until(() -> queue.succeeded.contains("poison"));

        assertThat(james.thrown("bounce")).isEqualTo(5);
        assertThat(context.getSentMails()).singleElement().satisfies(sent -> assertThat(sent.getState()).isEqualTo(Mail.ERROR));
        assertThat(errors()).anyMatch(line -> line.contains("poison") && line.contains("error repository"));
        assertThat(worker.problems()).singleElement().asString().contains("1 mails").contains("poison");
    }

    @Test
    void bounceThatFailsWithAnErrorShouldGoToTheErrorRepositoryAsWell() throws Exception {
        internet.goodMx("bad.example").replyTo("bob@bad.example", "550 5.7.1 spam");
        james.at("bounce", () -> new NoClassDefFoundError("on purpose"));
        enqueue("poison", "bob@bad.example");
        enqueue("innocent", "bob@good.example");
        work(1, 5, AT_ONCE);

        await().atMost(PATIENCE).until(() -> queue.succeeded.containsAll(List.of("poison", "innocent")));

        assertThat(context.getSentMails()).singleElement().satisfies(sent -> assertThat(sent.getState()).isEqualTo(Mail.ERROR));
    }

    static Stream<Throwable> thrownByQueues() {
        return Stream.of(new MailQueue.MailQueueException("down"), new IllegalStateException("on purpose"),
            new OutOfMemoryError("on purpose"), new NoClassDefFoundError("on purpose"), new AssertionError("on purpose"));
    }

    @ParameterizedTest
    @MethodSource("thrownByQueues")
    void queueThatThrowsWhatItLikesShouldBeAskedAgain(Throwable thrown) throws Exception {
        queue.failure = () -> thrown;
        queue.failures.set(2);
        enqueue("mail", "bob@good.example");
        work(1, 5, AT_ONCE);

        assertThat(good.awaitMails(1, PATIENCE)).hasSize(1);
        await().atMost(PATIENCE).until(() -> queue.succeeded.contains("mail"));
    }

    @Test
    void mailsThatWaitForTheirBouncesShouldLeaveRoomForOthers() throws Exception {
        internet.goodMx("bad.example").replyTo("bob@bad.example", "550 5.7.1 spam");
        james.at("bounce", () -> new AddressException("Domain contains illegal character"));
        for (int i = 0; i < 20; i++) {
            enqueue("poison-" + i, "bob@bad.example");
        }
        work(20, 5, DeliveryCompletion.NOTICE_PAUSES);
        await().atMost(PATIENCE).until(() -> queue.succeeded.size() == 15);

        enqueue("innocent", "bob@good.example");

        assertThat(good.awaitMails(1, PATIENCE)).hasSize(1);
        assertThat(queue.inHand.get()).isLessThanOrEqualTo(6);
    }

    @Test
    void spoolThatIsDownShouldBeWaitedFor() throws Exception {
        internet.goodMx("bad.example").replyTo("bob@bad.example", "550 5.7.1 spam");
        james.at("bounce", () -> new jakarta.mail.MessagingException("no",
            new MailQueue.MailQueueException("down")));
        enqueue("unlucky", "bob@bad.example");
        work(100, 5, List.of());
        await().atMost(PATIENCE).until(() -> james.thrown("bounce") >= 2);

        james.heal("bounce");

        await().atMost(PATIENCE).until(() -> queue.succeeded.contains("unlucky"));
        assertThat(context.getBouncedMails()).hasSize(1);
        assertThat(context.getSentMails()).isEmpty();
    }

    @Test
    void errorThatIsNoExceptionShouldDeferItsMailAndBeNamed() throws Exception {
        MimeMessage unreadable = new MimeMessage(TestDelivery.message()) {
            @Override
            public void writeTo(OutputStream out, String[] without) {
                throw new OutOfMemoryError("on purpose");
            }
        };
        queue.enQueue(FakeMail.builder().name("heavy").sender(MailAddressFixture.SENDER).recipient("bob@good.example")
            .mimeMessage(unreadable).build());
        enqueue("innocent", "bob@good.example");
        work(1, 5, AT_ONCE);

        await().atMost(PATIENCE).until(() -> queue.succeeded.containsAll(List.of("heavy", "innocent")));

        assertThat(queue.delays).containsExactly(Duration.ofHours(1));
        assertThat(good.mails()).hasSize(1);
        assertThat(errors()).anyMatch(line -> line.contains("heavy"));
    }

    @Test
    void queueThatThrowsWhatItLikesShouldCostNoPlaceAndNoStackTrace() throws Exception {
        // as James's RabbitMQ queue does when its channel is closed
        queue.acknowledgement = () -> {
            throw new IllegalStateException("Not retryable exception, cannot retry");
        };
        enqueue("first", "bob@good.example");
        enqueue("second", "bob@good.example");
        work(1, 5, AT_ONCE);

        assertThat(good.awaitMails(2, PATIENCE)).hasSize(2);
        await().atMost(PATIENCE).until(() -> errors().size() == 2);
        assertThat(log.events()).filteredOn(event -> event.getLevel() == Level.ERROR).allSatisfy(event -> {
            assertThat(event.getFormattedMessage()).contains("acknowledgement").contains("Not retryable");
            assertThat(event.getThrowableProxy()).isNull();
        });
    }

    @Test
    void collectorThatThrowsShouldNotMakeADeliveredMailComeTwice() throws Exception {
        internet.sink = outcomes -> {
            throw new NoClassDefFoundError("on purpose");
        };
        enqueue("mail", "bob@good.example");
        work(100, 5, AT_ONCE);

        await().atMost(PATIENCE).until(() -> queue.succeeded.contains("mail"));

        assertThat(good.mails()).hasSize(1);
        assertThat(queue.delays).isEmpty();
    }

    @Test
    void itemWithSeveralDomainsShouldBeSplitWhenItIsTaken() throws Exception {
        SmtpServer bank = internet.policy("bank.example", "enforce", "mx.bank.example").goodMx("bank.example");
        SmtpServer evil = internet.mx("evil.example", 10, "mx.evil.example", setup -> setup);
        queue.enQueue(FakeMail.builder().name("both").sender(MailAddressFixture.SENDER)
            .recipients("x@evil.example", "bob@bank.example").mimeMessage(TestDelivery.message()).build());
        work(100, 5, AT_ONCE);

        assertThat(bank.awaitMails(1, PATIENCE)).singleElement().satisfies(mail -> {
            assertThat(mail.recipientAddresses()).containsExactly("bob@bank.example");
            assertThat(mail.tls()).isPresent();
        });
        assertThat(evil.awaitMails(1, PATIENCE)).singleElement().satisfies(mail ->
            assertThat(mail.recipientAddresses()).containsExactly("x@evil.example"));
        await().atMost(PATIENCE).until(() -> queue.succeeded.size() == 3);
    }

    @Test
    void lastAttemptShouldBeLoggedAsBounced() throws Exception {
        internet.goodMx("busy.example").replyTo("bob@busy.example", "450 4.2.1 busy");
        internet.policy("closed.example", "enforce", "mx.closed.example").mx("closed.example", 10, "mx.closed.example", setup -> setup);
        enqueue("busy", "bob@busy.example");
        enqueue("closed", "bob@closed.example");
        work(100, 0, AT_ONCE);

        await().atMost(PATIENCE).until(() -> queue.succeeded.size() == 2);

        assertThat(lines("id=busy")).singleElement().asString().contains("result=bounced").contains("450 4.2.1 busy");
        assertThat(lines("id=closed")).last().asString().contains("result=bounced").contains("550 5.7.10 given up after the last retry")
            .doesNotContain("stays queued");
        assertThat(lines("id=")).noneMatch(line -> line.contains("result=deferred"));
        assertThat(context.getBouncedMails()).hasSize(2).allSatisfy(bounce -> assertThat(bounce.getMessage())
            .doesNotContain("stays queued"));
    }

    private List<String> errors() {
        return log.events().stream().filter(event -> event.getLevel() == Level.ERROR).map(ILoggingEvent::getFormattedMessage).toList();
    }

    private List<String> lines(String with) {
        return log.messages().stream().filter(line -> line.startsWith("delivery ") && line.contains(with)).toList();
    }

    private void work(int inHand, int retries, List<Duration> noticePauses) throws Exception {
        OutboundResources resources = internet.resources(20);
        worker = new QueueWorker(WaitingPlace.in(queue, inHand), Router.byMx(internet.delivery(resources), 0),
            new RetrySchedule(List.of(Duration.ofHours(1)), retries),
            new QueueWorker.Notices(james.proxy(), Optional.empty(), Optional.empty(), new ReportMails(new TlsOutcomes(),
                Clock.systemUTC())),
            resources, inHand, noticePauses);
    }

    private void enqueue(String name, String recipient) throws Exception {
        queue.enQueue(FakeMail.builder().name(name).sender(MailAddressFixture.SENDER).recipient(recipient).state(Mail.TRANSPORT)
            .mimeMessage(TestDelivery.message()).build());
    }
}
