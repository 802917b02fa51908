package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.outcome.ReportMailListener;
import jamestls.smtp.ReuseLimits;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.mailet.MailetContext;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.apache.mailet.base.test.FakeMailContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

@Tag("slow")
class QueueWorkerTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final MemoryQueue queue = new MemoryQueue();
    private final FakeMailContext context = FakeMailContext.defaultContext();
    private MailetContext mailetContext = context;
    private int retries = 5;
    private List<Duration> noticePauses = DeliveryCompletion.NOTICE_PAUSES;
    private TestDelivery internet;
    private QueueWorker worker;

    @BeforeEach
    void start() throws GeneralSecurityException {
        internet = new TestDelivery(ReuseLimits.defaults());
    }

    @AfterEach
    void stop() {
        internet.release();
        if (worker != null) {
            worker.close();
        }
        internet.close();
    }

    @Test
    void mailForAFastDomainShouldNotWaitBehindFiveHundredForASlowOne() throws Exception {
        SmtpServer slow = internet.mx("slow.example", 10, "mx.slow.example", setup -> setup).latency(Duration.ofSeconds(2));
        SmtpServer fast = internet.goodMx("fast.example");
        for (int i = 0; i < 500; i++) {
            enqueue("slow-" + i, "bob@slow.example");
        }
        work(20, 2_000);
        await().until(() -> queue.size() == 0);

        enqueue("fast", "bob@fast.example");

        assertThat(fast.awaitMails(1, PATIENCE)).hasSize(1);
        assertThat(slow.mails()).as("those before it").hasSizeLessThan(400);
    }

    @Test
    void slowHostOfManyDomainsShouldNotDelayOthers() throws Exception {
        SmtpServer slow = internet.mx("slow0.example", 10, "mx.slow.example", setup -> setup).latency(Duration.ofSeconds(1));
        SmtpServer fast = internet.goodMx("fast.example");
        for (int i = 0; i < 300; i++) {
            internet.dns.zone().mx("slow" + i + ".example", 10, "mx.slow.example");
            enqueue("slow-" + i, "bob@slow" + i + ".example");
        }
        work(5, 2_000);
        await().until(() -> queue.size() == 0 && slow.openConnections() >= 5);

        enqueue("fast", "bob@fast.example");

        assertThat(fast.awaitMails(1, PATIENCE)).hasSize(1);
        assertThat(slow.mails()).as("those before it").hasSizeLessThan(250);
        await().untilAsserted(() -> assertThat(slow.openConnections()).isEqualTo(5));
    }

    @Test
    void destinationShouldSeeNoMoreConnectionsThanItsLimit() throws Exception {
        SmtpServer mx = internet.goodMx("example.org").latency(Duration.ofMillis(20));
        for (int i = 0; i < 100; i++) {
            enqueue("mail-" + i, "bob@example.org");
        }
        work(3, 2_000);

        mx.awaitMails(100, PATIENCE);

        assertThat(mx.connections()).isBetween(1, 3);
    }

    @Test
    void mailsInHandShouldBeBoundedAndOneDomainHaveHalfOfThem() throws Exception {
        patientInternet();
        internet.mx("slow.example", 10, "mx.slow.example", setup -> setup).at(SmtpPhase.GREETING, SmtpAct.stall());
        SmtpServer fast = internet.goodMx("fast.example");
        for (int i = 0; i < 100; i++) {
            enqueue("slow-" + i, "bob@slow.example");
        }
        enqueue("fast", "bob@fast.example");
        work(2, 40);

        assertThat(fast.awaitMails(1, PATIENCE)).hasSize(1);
        assertThat(queue.mostInHand.get()).isLessThanOrEqualTo(40);
        // the others are back in the queue for a moment, which is no attempt
        await().until(() -> queue.delays.size() > 70);
        assertThat(queue.delays).allMatch(delay -> delay.compareTo(Duration.ofSeconds(5)) <= 0);
    }

    @Test
    void closeShouldFinishWhatIsInDataAndLeaveTheRestInTheQueue() throws Exception {
        patientInternet();
        SmtpServer mx = internet.goodMx("example.org");
        // the second half comes when the server is released
        mx.once(SmtpPhase.FINAL_REPLY, SmtpAct.sayInSegments(Duration.ofMinutes(1), "250 2.0.0 ", "taken\r\n"));
        enqueue("first", "bob@example.org");
        work(1, 100);
        await().until(() -> mx.transcript().stream().anyMatch("C: DATA"::equals));
        for (int i = 0; i < 20; i++) {
            enqueue("mail-" + i, "bob@example.org");
        }
        await().until(() -> queue.size() == 0);

        CompletableFuture<Void> close = CompletableFuture.runAsync(worker::close, Thread::startVirtualThread);
        await().until(() -> queue.returned.size() == 20);
        assertThat(close).isNotDone();
        mx.release();

        assertThat(close).succeedsWithin(PATIENCE);
        assertThat(mx.mails()).hasSize(1);
        assertThat(queue.succeeded).containsExactly("first");
        assertThat(queue.returned).hasSize(20);
        assertThat(queue.delays).isEmpty();
    }

    @Test
    void closeShouldNotWaitForServersThatHaveNotEvenGreeted() throws Exception {
        patientInternet();
        SmtpServer mx = internet.goodMx("example.org").at(SmtpPhase.GREETING, SmtpAct.stall());
        enqueue("first", "bob@example.org");
        enqueue("second", "bob@example.org");
        work(2, 100);
        await().until(() -> mx.openConnections() > 0 && queue.size() == 0);

        assertThat(CompletableFuture.runAsync(worker::close, Thread::startVirtualThread)).succeedsWithin(Duration.ofSeconds(20));
        assertThat(queue.returned).containsExactlyInAnyOrder("first", "second");
        // no attempt was made: nothing is counted, neither for the schedule nor for the reports
        assertThat(queue.delays).isEmpty();
        assertThat(internet.outcomes).isEmpty();
    }

    @Test
    void closeShouldNotWaitForAServerLongerThanHalfAMinute() throws Exception {
        SmtpServer mx = internet.goodMx("example.org").at(SmtpPhase.FINAL_REPLY, SmtpAct.stall());
        enqueue("first", "bob@example.org");
        work(1, 100);
        await().until(() -> mx.transcript().stream().anyMatch("C: DATA"::equals));

        // the read time-out of this delivery is five seconds
        assertThat(CompletableFuture.runAsync(worker::close, Thread::startVirtualThread)).succeedsWithin(PATIENCE);
        assertThat(queue.delays).hasSize(1);
    }

    @Test
    void lostSessionShouldBeReplacedWithoutAnybodyNoticing() throws Exception {
        SmtpServer mx = internet.goodMx("example.org");
        work(1, 100);
        enqueue("first", "bob@example.org");
        mx.awaitMails(1, PATIENCE);
        mx.once(SmtpPhase.MAIL, SmtpAct.say("421 4.7.0 enough of this session").then(SmtpAct.Then.CLOSE));

        enqueue("second", "bob@example.org");

        mx.awaitMails(2, PATIENCE);
        assertThat(mx.connections()).isEqualTo(2);
        await().untilAsserted(() -> assertThat(queue.succeeded).containsExactly("first", "second"));
        assertThat(queue.delays).isEmpty();
        assertThat(internet.outcomes).hasSize(2);
    }

    @Test
    void reusedSessionShouldGiveNoOutcome() throws Exception {
        SmtpServer mx = internet.policy("example.org", "enforce", "mx.example.org").goodMx("example.org");
        work(1, 100);
        for (int i = 0; i < 10; i++) {
            enqueue("mail-" + i, "bob@example.org");
        }

        mx.awaitMails(10, PATIENCE);

        assertThat(mx.connections()).isEqualTo(1);
        await().until(() -> queue.succeeded.size() == 10);
        assertThat(internet.outcomes).singleElement().satisfies(outcome -> assertThat(outcome.sendingDomain())
            .contains(DomainName.of(MailAddressFixture.SENDER.getDomain().asString())));
    }

    @Test
    void whatCouldNotBeMadeSafeShouldBeTriedAgainWithoutDeliveringAgain() throws Exception {
        SmtpServer mx = internet.goodMx("example.org").replyTo("later@example.org", "450 4.2.1 busy");
        queue.refusals.set(2);
        queue.enQueue(FakeMail.builder().name("partly").sender(MailAddressFixture.SENDER)
            .recipients("bob@example.org", "later@example.org").mimeMessage(TestDelivery.message()).build());
        work(1, 100);

        await().until(() -> queue.succeeded.contains("partly"));

        // ActiveMQ would have put a mail that was given back seven times into its dead letter queue
        assertThat(queue.returned).isEmpty();
        assertThat(queue.delays).containsExactly(Duration.ofHours(1));
        assertThat(mx.mails()).hasSize(1);
    }

    @Test
    void recipientsBeyondTheServersNumberShouldFollowAtOnce() throws Exception {
        SmtpServer mx = internet.goodMx("example.org").once(SmtpPhase.RCPT, SmtpAct.say("250 2.1.5 ok"))
            .once(SmtpPhase.RCPT, SmtpAct.say("452 4.5.3 too many")).once(SmtpPhase.RCPT, SmtpAct.say("552 too many"));
        queue.enQueue(FakeMail.builder().name("many").sender(MailAddressFixture.SENDER)
            .recipients("a@example.org", "b@example.org", "c@example.org").mimeMessage(TestDelivery.message()).build());
        work(1, 100);

        assertThat(mx.awaitMails(2, PATIENCE)).extracting(mail -> mail.recipients().size()).containsExactly(1, 2);
        await().until(() -> queue.succeeded.size() == 2);
        assertThat(queue.delays).hasSize(1).allMatch(delay -> delay.compareTo(Duration.ofSeconds(1)) < 0);
    }

    @Test
    void closeShouldLeaveInTheQueueWhatCouldNotBeMadeSafe() throws Exception {
        internet.goodMx("example.org").at(SmtpPhase.RCPT, SmtpAct.say("450 4.2.1 busy"));
        queue.refusals.set(Integer.MAX_VALUE);
        enqueue("first", "bob@example.org");
        work(1, 100);
        await().until(() -> queue.refusals.get() < Integer.MAX_VALUE);

        assertThat(CompletableFuture.runAsync(worker::close, Thread::startVirtualThread)).succeedsWithin(PATIENCE);
        assertThat(queue.returned).containsExactly("first");
        assertThat(queue.succeeded).isEmpty();
    }

    @Test
    void queueThatFailsShouldBeAskedAgain() throws Exception {
        SmtpServer mx = internet.goodMx("example.org");
        queue.failures.set(2);
        enqueue("first", "bob@example.org");
        work(1, 100);

        assertThat(mx.awaitMails(1, PATIENCE)).hasSize(1);
    }

    @Test
    void closeShouldNotCauseErrorsInTheLog() throws Exception {
        List<ILoggingEvent> errors = new CopyOnWriteArrayList<>();
        AppenderBase<ILoggingEvent> log = new AppenderBase<>() {
            @Override
            protected void append(ILoggingEvent event) {
                if (event.getLevel().isGreaterOrEqual(Level.ERROR)) {
                    errors.add(event);
                }
            }
        };
        log.start();
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.addAppender(log);
        try {
            work(1, 100);
            await().until(() -> queue.asked.get() > 0);

            worker.close();

            await().until(() -> queue.interrupted.get() > 0);
            // Reactor says it after the thread was interrupted
            await().during(Duration.ofMillis(200)).until(errors::isEmpty);
        } finally {
            root.detachAppender(log);
        }
    }

    /** In place of the usual one: it waits a minute for each answer. */
    private void patientInternet() throws GeneralSecurityException {
        internet.close();
        internet = new TestDelivery(ReuseLimits.defaults(), Duration.ofMinutes(1));
    }

    private void work(int perDestination, int inHand) throws Exception {
        OutboundResources traffic = internet.resources(perDestination);
        worker = new QueueWorker(WaitingPlace.in(queue, inHand), Router.byMx(internet.delivery(traffic), 0),
            new RetrySchedule(List.of(Duration.ofHours(1)), retries),
            new QueueWorker.Notices(mailetContext, Optional.empty(), Optional.empty(),
                new ReportMails(new ReportMailListener() { }, Clock.systemUTC())),
            traffic, inHand, noticePauses);
    }

    private void enqueue(String name, String recipient) throws Exception {
        queue.enQueue(FakeMail.builder().name(name).sender(MailAddressFixture.SENDER).recipient(recipient)
            .mimeMessage(TestDelivery.message()).build());
    }
}
