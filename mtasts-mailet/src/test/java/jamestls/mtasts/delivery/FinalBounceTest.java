package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.TestCa;
import jamestls.outcome.TlsOutcomes;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.mailet.Mail;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.apache.mailet.base.test.FakeMailContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The text of a bounce after the last retry: it promises nothing, names nothing twice, and its status fits the end. */
class FinalBounceTest {

    private static final String DOMAIN = "example.org";
    private static final String HOST = "mx.example.org";

    private final MemoryQueue queue = new MemoryQueue();
    private final FakeMailContext context = FakeMailContext.defaultContext();
    private TestDelivery internet;
    private QueueWorker worker;

    @BeforeEach
    void start() throws Exception {
        internet = new TestDelivery();
    }

    @AfterEach
    void stop() {
        worker.close();
        internet.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "no STARTTLS under a policy | 550 5.7.10 given up after the last retry: | requires verified TLS",
        "wrong certificate under a policy | 550 5.7.5 given up after the last retry: | self-signed certificate",
        "greylisting | 451 4.7.1 given up after the last retry: | greylisted",
        "no connection | 451 4.4.1 given up after the last retry: | Connection refused",
        "lost after the end of the mail | 451 4.4.2 given up after the last retry: | it may have arrived",
        "TLS demanded after a failed handshake | 451 4.7.10 given up after the last retry: | TLS failed",
        "failed look-up | 451 4.4.3 given up after the last retry: | SERVFAIL",
        "missing domain | 550 5.1.2 | has no mail host and no address",
        "refusal | 550 5.7.1 mx.example.org [127.0.0.11] said: | spam"})
    void bounceAfterTheLastRetryShouldNotContradictItself(String scenario, String begins, String contains) throws Exception {
        prepare(scenario);
        OutboundResources resources = internet.resources(20);
        worker = new QueueWorker(queue, Router.byMx(internet.delivery(resources), 3), new RetrySchedule(List.of(Duration.ofHours(1)), 0),
            new QueueWorker.Notices(context, Optional.empty(), Optional.empty(), new ReportMails(new TlsOutcomes(), Clock.systemUTC())),
            resources, 100);
        queue.enQueue(FakeMail.builder().name("mail").sender(MailAddressFixture.SENDER).recipient("bob@" + DOMAIN)
            .state(Mail.TRANSPORT).mimeMessage(TestDelivery.message()).build());

        await().until(() -> queue.succeeded.contains("mail"));

        assertThat(queue.delays).isEmpty();
        assertThat(context.getBouncedMails()).singleElement().satisfies(bounce -> assertThat(bounce.getMessage())
            .contains("    " + begins).contains(contains)
            .doesNotContainIgnoringCase("retried").doesNotContainIgnoringCase("queued").doesNotContainIgnoringCase("again")
            .doesNotContainIgnoringCase("later").doesNotContainIgnoringCase("twice")
            .doesNotContainPattern("(" + HOST + "\\S*)[ :]+\\1").doesNotContain(".."));
    }

    private void prepare(String scenario) throws Exception {
        switch (scenario) {
            case "no STARTTLS under a policy" -> internet.policy(DOMAIN, "enforce", HOST).mx(DOMAIN, 10, HOST, setup -> setup);
            case "wrong certificate under a policy" -> internet.policy(DOMAIN, "enforce", HOST).mx(DOMAIN, TestCa.selfSigned(HOST));
            case "greylisting" -> internet.goodMx(DOMAIN).replyTo("bob@" + DOMAIN, "451 4.7.1 greylisted");
            case "no connection" -> internet.goodMx(DOMAIN).close();
            case "lost after the end of the mail" -> internet.goodMx(DOMAIN).at(SmtpPhase.FINAL_REPLY, SmtpAct.drop());
            case "TLS demanded after a failed handshake" -> internet.goodMx(DOMAIN).at(SmtpPhase.HANDSHAKE, SmtpAct.drop())
                .reply(SmtpPhase.MAIL, "530 5.7.0 Must issue a STARTTLS command first");
            case "failed look-up" -> internet.dns.faults().set(DOMAIN, DnsFault.SERVFAIL);
            case "missing domain" -> internet.dns.zone().remove(DOMAIN);
            default -> internet.goodMx(DOMAIN).reply(SmtpPhase.MAIL, "550 5.7.1 spam");
        }
    }
}
