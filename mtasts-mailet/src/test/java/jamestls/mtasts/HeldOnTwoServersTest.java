package jamestls.mtasts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import jamestls.config.Parameters;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.FakeInternet;
import jamestls.fakeinternet.PostgresExtension;
import jamestls.mtasts.delivery.MemoryQueue;
import jamestls.mtasts.delivery.QueueWorker;
import jamestls.mtasts.held.HeldGroup;
import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.held.RetryRequests.Reach;
import jamestls.outcome.TlsOutcomes;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.james.metrics.api.NoopGaugeRegistry;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.apache.mailet.base.test.FakeMailContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Two servers with queues of their own on one PostgreSQL. */
@Tag("slow")
class HeldOnTwoServersTest {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final FakeInternet internet = FakeInternet.start();
    private final RunningDeliveries running = new RunningDeliveries();
    private final String url = POSTGRES.newDatabase();
    private Server one;
    private Server two;

    /** One server. */
    private final class Server implements AutoCloseable {

        private final MemoryQueue queue = new MemoryQueue();
        private final Outbound outbound;
        private final QueueWorker worker;

        Server() throws Exception {
            JamesServices james = new JamesServices(null, null, null, null, new RecordingMetricFactory(), new NoopGaugeRegistry()) {
                @Override
                public String heloName() {
                    return "mail.sender.example";
                }
            };
            Map<String, String> values = new LinkedHashMap<>(Map.of("dnsServers", "127.0.0.1:" + internet.dnsAddress().getPort(),
                "dnssec", "off", "heloName", "mail.sender.example", "smtpPort", Integer.toString(internet.smtpPort()),
                "allowPrivateAddresses", "true", "delayTime", "1h", "database", url, "databaseUser", "postgres"));
            outbound = Outbound.open(new Parameters(SecureRemoteDelivery.NAME, values, new StockNames(), Path::of), james,
                new TlsOutcomes(), Clock.systemUTC());
            worker = outbound.work(queue, FakeMailContext.defaultContext());
        }

        void send(String name, String recipient) throws Exception {
            queue.enQueue(FakeMail.builder().name(name).sender(MailAddressFixture.SENDER).recipient(recipient).mimeMessage(
                new MimeMessage(Session.getInstance(new Properties()),
                    new ByteArrayInputStream("Subject: hi\r\n\r\nhello\r\n".getBytes(StandardCharsets.US_ASCII)))).build());
        }

        @Override
        public void close() {
            worker.close();
            outbound.close();
        }
    }

    @BeforeEach
    void start() throws Exception {
        internet.mx("a.example", 10, "mx.a.example").mx("b.example", 10, "mx.b.example");
        internet.mailServer("mx.a.example").replyTo("bob@a.example", "450 4.2.1 busy");
        internet.mailServer("mx.b.example").replyTo("bob@b.example", "450 4.2.1 busy");
        one = new Server();
        two = new Server();
        running.add(one.outbound);
    }

    @AfterEach
    void close() {
        one.close();
        two.close();
        internet.close();
    }

    @Test
    void eachShouldSeeWhatBothHoldAndBothShouldRetryWhatEitherIsAsked() throws Exception {
        one.send("m1", "bob@a.example");
        one.send("m2", "bob@b.example");
        two.send("m3", "bob@a.example");

        await().atMost(PATIENCE).untilAsserted(() -> assertThat(running.held(Optional.empty()))
            .extracting(HeldGroup::domain, HeldGroup::mails, HeldGroup::cause)
            .containsExactly(tuple("a.example", 2L, Cause.REPLY), tuple("b.example", 1L, Cause.REPLY)));

        internet.mailServer("mx.a.example").replyTo("bob@a.example", "250 2.1.5 fine");
        assertThat(running.retry(DomainName.of("a.example"))).isEqualTo(Reach.ALL_SERVERS);

        assertThat(internet.mailServer("mx.a.example").awaitMails(2, PATIENCE)).hasSize(2);
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(running.held(Optional.empty()))
            .extracting(HeldGroup::domain).containsExactly("b.example"));
        await("what was not meant waits again").atMost(PATIENCE).until(() -> one.queue.size() == 1);
        assertThat(internet.mailServer("mx.b.example").mails()).isEmpty();
    }

    @Test
    void restartedServerShouldKnowWhatItHolds() throws Exception {
        one.send("m1", "bob@a.example");
        await().atMost(PATIENCE).until(() -> running.held(Optional.empty()).size() == 1);
        one.close();

        one = new Server();

        await().atMost(PATIENCE).until(() -> one.outbound.held().count(Cause.REPLY) == 1);
    }

    @Test
    void deliveriesShouldGoOnWhileTheDatabaseIsDown() throws Exception {
        POSTGRES.server().stop();
        try {
            one.send("m1", "bob@a.example");
            one.send("m2", "carol@a.example");
            assertThat(internet.mailServer("mx.a.example").awaitMails(1, PATIENCE)).hasSize(1);
            await().atMost(PATIENCE).until(() -> one.outbound.held().count(Cause.REPLY) == 1);
        } finally {
            POSTGRES.server().start();
        }
        await().atMost(Duration.ofSeconds(60)).until(() -> two.outbound.held().groups(Optional.empty()).size() == 1);
    }
}
