package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.PostgresExtension;
import jamestls.fakeinternet.SmtpServer;
import jamestls.mtasts.delivery.WaitingPlace.QueueDelays;
import jamestls.mtasts.delivery.WaitingPlace.Times;
import jamestls.mtasts.held.HeldGroup;
import jamestls.mtasts.held.HeldMails;
import jamestls.mtasts.waiting.DirectQueue;
import jamestls.mtasts.waiting.StoredMails;
import jamestls.mtasts.waiting.WaitingIndex;
import jamestls.mtasts.waiting.WaitingRepository;
import jamestls.mtasts.waiting.WaitingSettings.Place;
import jamestls.outcome.TlsOutcomes;
import jamestls.smtp.ReuseLimits;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.mailet.Mail;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.apache.mailet.base.test.FakeMailContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Deliveries from a queue that ignores delays. */
@Tag("slow")
class WaitingPlaceTest {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    private static final String URL = "postgres://var/mail/outgoing-waiting/";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final DirectQueue queue = new DirectQueue();
    private final StoredMails mails = new StoredMails();
    private final FakeMailContext context = FakeMailContext.defaultContext();
    private final HeldMails held = new HeldMails("outgoing", "here", Optional.empty(), Clock.systemUTC());
    private Times times = Times.USUAL;
    private int inHand = 100;
    private TestDelivery internet;
    private Database database;
    private WaitingPlace place;
    private QueueWorker worker;

    @BeforeEach
    void start() throws Exception {
        internet = new TestDelivery(ReuseLimits.none());
        database = Database.open(new DatabaseAddress.PostgreSql(POSTGRES.newDatabase(), "postgres", ""), List.of(WaitingIndex.TABLES),
            Clock.systemUTC());
    }

    @AfterEach
    void stop() {
        worker.close();
        internet.close();
        database.close();
    }

    @ParameterizedTest
    @CsvSource({
        "IGNORED,  org.apache.james.queue.rabbitmq.RabbitMQMailQueue java.lang.Object",
        "IGNORED,  com.example.Counting org.apache.james.queue.rabbitmq.RabbitMQMailQueue java.lang.Object",
        "HONOURED, org.apache.james.queue.activemq.ActiveMQCacheableMailQueue org.apache.james.queue.jms.JMSCacheableMailQueue",
        "HONOURED, org.apache.james.queue.memory.MemoryMailQueueFactory$MemoryCacheableMailQueue java.lang.Object",
        "HONOURED, org.apache.james.queue.pulsar.PulsarMailQueue java.lang.Object",
        "UNKNOWN,  com.example.rabbitmq.RabbitMQMailQueue java.lang.Object"})
    void classOfTheQueueShouldTellWhetherItHonoursDelays(QueueDelays delays, String names) {
        worker = work(Optional.empty(), false, Duration.ofHours(1));
        assertThat(QueueDelays.of(Arrays.asList(names.split(" ")))).isEqualTo(delays);
    }

    @Test
    void mailShouldWaitInTheRepositoryAndBeTriedWhenItIsDueOnly() throws Exception {
        SmtpServer mx = internet.goodMx("a.example").replyTo("bob@a.example", "450 4.2.1 busy");
        worker = work(Optional.of(Place.REPOSITORY), true, Duration.ofSeconds(8));
        enqueue("m1", "bob@a.example");

        await().atMost(PATIENCE).until(() -> mails.size() == 1);
        assertThat(attempts(mx)).isEqualTo(1);
        await().untilAsserted(() -> assertThat(held.groups(Optional.empty())).extracting(HeldGroup::mails).containsExactly(1L));
        mx.replyTo("bob@a.example", "250 2.1.5 fine");

        assertThat(mx.awaitMails(1, PATIENCE)).hasSize(1);
        assertThat(attempts(mx)).isEqualTo(2);
        await().atMost(PATIENCE).until(() -> mails.size() == 0 && queue.size() == 0 && held.groups(Optional.empty()).isEmpty());
    }

    @Test
    void requestShouldTryTheMailsOfThatDomainNowAndLeaveTheirDueTime() throws Exception {
        SmtpServer a = internet.goodMx("a.example").replyTo("bob@a.example", "450 4.2.1 busy");
        SmtpServer b = internet.goodMx("b.example").replyTo("bob@b.example", "450 4.2.1 busy");
        worker = work(Optional.of(Place.REPOSITORY), true, Duration.ofHours(1));
        enqueue("m1", "bob@a.example");
        enqueue("m2", "bob@b.example");
        await().atMost(PATIENCE).until(() -> mails.size() == 2 && queue.inHand.get() == 0);

        place.dueNow(Optional.of(DomainName.of("a.example")));
        await().atMost(PATIENCE).until(() -> attempts(a) == 2);
        await().atMost(PATIENCE).until(() -> mails.size() == 2 && queue.inHand.get() == 0 && queue.size() == 0);
        a.replyTo("bob@a.example", "250 2.1.5 fine");
        place.dueNow(Optional.of(DomainName.of("a.example")));

        assertThat(a.awaitMails(1, PATIENCE)).hasSize(1);
        assertThat(attempts(b)).isEqualTo(1);
    }

    @Test
    void mailThatComesBackEarlyTwiceShouldShowThatTheQueueIgnoresDelays() throws Exception {
        SmtpServer mx = internet.goodMx("a.example").replyTo("bob@a.example", "450 4.2.1 busy");
        worker = work(Optional.empty(), true, Duration.ofHours(1));
        assertThat(place.keepsEarly()).isFalse();
        enqueue("m1", "bob@a.example");

        await().atMost(PATIENCE).until(() -> mails.size() == 1);
        assertThat(place.keepsEarly()).isTrue();
        assertThat(attempts(mx)).as("two early ones were tried").isBetween(2, 3);
        assertThat(worker.problems()).isEmpty();
    }

    @Test
    void withoutARepositoryMailsShouldStayInHandAndKeepTheirRetries() throws Exception {
        SmtpServer mx = internet.goodMx("a.example").replyTo("bob@a.example", "450 4.2.1 busy");
        worker = work(Optional.empty(), false, Duration.ofSeconds(6));
        enqueue("m1", "bob@a.example");

        await().atMost(PATIENCE).until(() -> place.keepsEarly() && queue.size() == 0 && queue.inHand.get() == 1);
        assertThat(worker.problems()).singleElement().asString().contains("ignores delays", "kept in hand", "no repository here");
        int attempts = attempts(mx);
        assertThat(attempts).isLessThanOrEqualTo(3);
        mx.replyTo("bob@a.example", "250 2.1.5 fine");
        assertThat(mx.mails()).as("not due").isEmpty();

        assertThat(mx.awaitMails(1, PATIENCE)).hasSize(1);
        assertThat(attempts(mx)).isEqualTo(attempts + 1);
        assertThat(context.getSentMails()).isEmpty();
    }

    @Test
    void mailsBeyondTheRoomInHandShouldGoAroundSlowly() throws Exception {
        inHand = 4;
        times = new Times(Duration.ofMinutes(20), Duration.ofSeconds(1));
        SmtpServer mx = internet.goodMx("a.example");
        for (int i = 0; i < 6; i++) {
            mx.replyTo("user" + i + "@a.example", "450 4.2.1 busy");
        }
        worker = work(Optional.of(Place.QUEUE), false, Duration.ofHours(1));
        for (int i = 0; i < 6; i++) {
            enqueue("m" + i, "user" + i + "@a.example");
        }
        await().atMost(PATIENCE).until(place::keepsEarly);
        SmtpServer fresh = internet.goodMx("b.example");

        enqueue("fresh", "bob@b.example");

        assertThat(fresh.awaitMails(1, PATIENCE)).hasSize(1);
        int published = queue.published.get();
        long begun = System.nanoTime();
        // three mails, each of them once a second
        await().during(Duration.ofSeconds(3)).until(() ->
            queue.published.get() - published <= 4 * (1 + Duration.ofNanos(System.nanoTime() - begun).toSeconds()));
        assertThat(attempts(mx)).as("three for each mail, before the queue was known").isLessThanOrEqualTo(18);
    }

    @Test
    void databaseThatIsDownShouldKeepTheMailInHandAndThenReturnItWithItsDueTime() throws Exception {
        times = new Times(Duration.ofSeconds(4), Duration.ofSeconds(1));
        SmtpServer mx = internet.goodMx("a.example").replyTo("bob@a.example", "450 4.2.1 busy");
        worker = work(Optional.of(Place.REPOSITORY), true, Duration.ofHours(1));
        POSTGRES.server().stop();
        try {
            enqueue("m1", "bob@a.example");
            await().atMost(PATIENCE).until(() -> attempts(mx) == 1);
            await().atMost(PATIENCE).until(() -> queue.succeeded.size() >= 2);
            assertThat(queue.published.get()).as("no loop").isLessThanOrEqualTo(4);
            assertThat(queue.returned).isEmpty();
            assertThat(worker.problems()).isNotEmpty();
        } finally {
            POSTGRES.server().start();
        }
        await().atMost(Duration.ofSeconds(60)).until(() -> queue.inHand.get() == 0 && queue.size() == 0);
        assertThat(mails.size()).isEqualTo(1);
        assertThat(attempts(mx)).isEqualTo(1);
    }

    @Test
    void mailInHandShouldReturnToTheQueueWhenJamesStops() throws Exception {
        SmtpServer mx = internet.goodMx("a.example").replyTo("bob@a.example", "450 4.2.1 busy");
        worker = work(Optional.empty(), false, Duration.ofHours(1));
        enqueue("m1", "bob@a.example");
        await().atMost(PATIENCE).until(() -> place.keepsEarly() && queue.size() == 0 && queue.inHand.get() == 1);

        worker.close();

        assertThat(queue.mails()).singleElement().satisfies(mail -> assertThat(FailureNotice.retriesOf(mail)).isEqualTo(attempts(mx)));
        assertThat(queue.returned).isEmpty();
    }

    private int attempts(SmtpServer mx) {
        return (int) mx.transcript().stream().filter(line -> line.contains("RCPT TO")).count();
    }

    private QueueWorker work(Optional<Place> wanted, boolean withRepository, Duration pause) {
        Optional<WaitingRepository> repository = withRepository
            ? Optional.of(new WaitingRepository(queue, new WaitingIndex(database, "outgoing"), Optional.of(URL), url -> mails,
                event -> { })) : Optional.empty();
        place = new WaitingPlace(queue, wanted, repository, withRepository ? "" : "no repository here", inHand, times);
        OutboundResources resources = internet.resources(5);
        return new QueueWorker(place, Router.byMx(delivery(resources), 0), new RetrySchedule(List.of(pause), 5),
            new QueueWorker.Notices(context, Optional.empty(), Optional.empty(),
                new ReportMails(new TlsOutcomes(), Clock.systemUTC()), DeliverySettings.Delay.off(), held, Clock.systemUTC()), resources,
            inHand);
    }

    private Delivery delivery(OutboundResources resources) {
        try {
            return internet.delivery(resources);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private void enqueue(String name, String recipient) throws Exception {
        Mail mail = FakeMail.builder().name(name).sender(MailAddressFixture.SENDER).recipient(recipient)
            .mimeMessage(TestDelivery.message()).build();
        Router.begin(mail);
        queue.enQueue(mail);
    }
}
