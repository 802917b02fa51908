package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.PostfixMx;
import jamestls.fakeinternet.ServerPorts;
import jamestls.outcome.ReportMailListener;
import jamestls.smtp.ReuseLimits;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.apache.mailet.base.test.FakeMailContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Delivery to a real Postfix, where one is installed. */
@Tag("slow")
class PostfixDeliveryTest {

    private static final String DOMAIN = "example.org";
    private static final String HOST = "mx.example.org";
    private static final String IP = "127.0.0.9";

    private TestDelivery internet;

    @BeforeEach
    void start() throws Exception {
        internet = new TestDelivery(ReuseLimits.defaults());
    }

    @AfterEach
    void stop() {
        internet.close();
    }

    @Test
    void handshakeThatIsResetOnceShouldNotBounceMailToAServerThatInsistsOnTls() throws Exception {
        try (PostfixMx postfix = postfix(Map.of("smtpd_tls_security_level", "encrypt"));
             ResettingProxy proxy = ResettingProxy.before(new InetSocketAddress(IP, internet.smtpPort()), "127.0.0.8")) {
            internet.dns.zone().remove(HOST).a(HOST, "127.0.0.8");

            DeliveryResult first = internet.deliver(DOMAIN);
            DeliveryResult second = internet.deliver(DOMAIN);

            assertThat(proxy.resets()).isOne();
            assertThat(first).isInstanceOfAny(DeliveryResult.Answered.class, DeliveryResult.Deferred.class);
            assertThat(first.toString()).doesNotContain("PERMANENT");
            assertThat(second).isInstanceOf(DeliveryResult.Answered.class);
            await().until(() -> postfix.taken() >= 1);
            assertThat(postfix.logged("Must issue a STARTTLS command first")).isLessThanOrEqualTo(1);
        }
    }

    @Test
    void burstShouldGetThroughInOneRoundToAServerThatTakesTwoConnections() throws Exception {
        try (PostfixMx postfix = postfix(Map.of("smtpd_client_connection_count_limit", "2"))) {
            MemoryQueue queue = new MemoryQueue();
            OutboundResources resources = internet.resources(20);
            for (int i = 0; i < 80; i++) {
                queue.enQueue(FakeMail.builder().name("mail-" + i).sender(MailAddressFixture.SENDER).recipient("bob@" + DOMAIN)
                    .mimeMessage(TestDelivery.message()).build());
            }
            try (QueueWorker worker = new QueueWorker(queue, Router.byMx(internet.delivery(resources), 0),
                    new RetrySchedule(List.of(Duration.ofHours(1)), 5),
                    new QueueWorker.Notices(FakeMailContext.defaultContext(), Optional.empty(), Optional.empty(),
                        new ReportMails(new ReportMailListener() { }, Clock.systemUTC())), resources, 2_000)) {
                await().atMost(Duration.ofSeconds(60)).until(() -> postfix.taken() == 80);
            }
            assertThat(postfix.refusedConnections()).isLessThanOrEqualTo(5);
        }
    }

    @Test
    void longBannerShouldNotKeepMailBack() throws Exception {
        try (PostfixMx postfix = postfix(Map.of("smtpd_banner", "$myhostname ESMTP " + "x".repeat(1_500)))) {
            assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
            await().until(() -> postfix.taken() == 1);
        }
    }

    private PostfixMx postfix(Map<String, String> parameters) throws IOException {
        int port = ServerPorts.free();
        PostfixMx server = PostfixMx.startOrSkip(DOMAIN, HOST, new InetSocketAddress(IP, port), internet.ca.issue(HOST), parameters);
        internet.foreignMx(DOMAIN, HOST, IP, port);
        return server;
    }
}
