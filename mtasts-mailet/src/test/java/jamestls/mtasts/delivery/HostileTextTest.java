package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.IThrowableProxy;
import jamestls.fakeinternet.CapturedLog;
import jamestls.fakeinternet.CertificateBuilder;
import jamestls.fakeinternet.CertificateBuilder.Issued;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.TlsOutcomes;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.mailet.Mail;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.apache.mailet.base.test.FakeMailContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Text of strangers from SMTP, certificates, DNS and HTTPS, on its way into log, bounces and reports. */
@ResourceLock(CapturedLog.LOCK)
class HostileTextTest {

    /** Without a line feed, for protocols of lines: an escape sequence, noncharacters, bidi, NEL, line separator. */
    private static final String LINE = "\u001b[31mEVIL\uffff\ufdd0\u202e\u0085\u2028 result=delivered";
    private static final String LINES = "x\n2026-11-26 INFO delivery id=1 result=delivered " + LINE;
    private static final Pattern INVISIBLE = Pattern.compile("[\\p{C}\\p{Zl}\\p{Zp}]");

    @RegisterExtension
    final CapturedLog log = CapturedLog.of("jamestls", Level.TRACE);

    private final MemoryQueue queue = new MemoryQueue();
    private final FakeMailContext context = FakeMailContext.defaultContext();
    private final List<String> domains = new ArrayList<>();
    private TestDelivery internet;
    private QueueWorker worker;

    @BeforeEach
    void start() throws Exception {
        internet = new TestDelivery();
    }

    @AfterEach
    void stop() {
        if (worker != null) {
            worker.close();
        }
        internet.close();
    }

    @Test
    void textOfStrangersShouldReachNobodyAsItCame() throws Exception {
        hostileServers();
        hostileCertificates();
        hostilePolicies();
        internet.dns.zone().mx(domain("mx"), 10, "a\\010\\027b.example");
        OutboundResources resources = internet.resources(20);
        worker = new QueueWorker(queue, Router.byMx(internet.delivery(resources), 0), new RetrySchedule(List.of(Duration.ofHours(1)), 0),
            new QueueWorker.Notices(context, Optional.empty(), Optional.empty(), new ReportMails(new TlsOutcomes(), Clock.systemUTC())),
            resources, 100);
        for (String domain : domains) {
            queue.enQueue(FakeMail.builder().name(LINES).sender(MailAddressFixture.SENDER).recipient("bob@" + domain)
                .state(Mail.TRANSPORT).mimeMessage(TestDelivery.message()).build());
        }

        await().atMost(Duration.ofSeconds(60)).until(() -> queue.succeeded.size() == domains.size());

        assertThat(log.events()).hasSizeGreaterThan(100).allSatisfy(event -> {
            assertClean(event.getFormattedMessage());
            for (IThrowableProxy thrown = event.getThrowableProxy(); thrown != null; thrown = thrown.getCause()) {
                assertClean(String.valueOf(thrown.getMessage()));
            }
        });
        assertThat(log.events()).as("what they said is there").anyMatch(event -> event.getFormattedMessage().contains("EVIL"));
        assertThat(context.getBouncedMails()).hasSizeGreaterThan(5)
            .allSatisfy(bounce -> bounce.getMessage().lines().forEach(HostileTextTest::assertClean))
            .anySatisfy(bounce -> assertThat(bounce.getMessage()).contains("EVIL"));
        assertThat(internet.outcomes).hasSizeGreaterThan(5).allSatisfy(outcome -> {
            outcome.peer().helo().ifPresent(HostileTextTest::assertClean);
            outcome.verdicts().forEach(HostileTextTest::assertClean);
        });
        assertThat(internet.outcomes).flatExtracting(outcome -> outcome.verdicts()).extracting(PolicyVerdict::policy)
            .flatExtracting(AppliedPolicy::policyStrings).as("the report quotes it").anyMatch(line -> line.startsWith("x-evil: ?"));
    }

    @Test
    void addressOfOurResolverShouldReachNoStrangerAndThatOfTheirHostsShould() throws Exception {
        String resolver = "127.0.0.1 port " + internet.dns.address().getPort();
        internet.dns.faults().set("mx.example", DnsFault.SERVFAIL);
        assertThat(internet.deliver("mx.example")).isInstanceOfSatisfying(DeliveryResult.Deferred.class, deferred ->
            assertThat(deferred.why().toString()).contains("the resolver answered SERVFAIL").doesNotContain(resolver));

        internet.policy("lookup.example", "enforce", "mx.lookup.example").goodMx("lookup.example");
        internet.dns.faults().set("mta-sts.lookup.example", DnsFault.SERVFAIL);
        internet.deliver("lookup.example");
        internet.policy("closed.example", "enforce", "mx.closed.example").goodMx("closed.example");
        internet.dns.zone().remove("mta-sts.closed.example").a("mta-sts.closed.example", "127.0.0.99");
        internet.deliver("closed.example");

        assertThat(internet.outcomes).extracting(HostileTextTest::firstReason).satisfiesExactly(
            lookup -> assertThat(lookup).contains("the resolver answered SERVFAIL").doesNotContain(resolver),
            closed -> assertThat(closed).contains("127.0.0.99 port " + internet.policyHost.port()));
    }

    private static String firstReason(TlsOutcome outcome) {
        return ((PolicyVerdict.Violated) outcome.verdicts().getFirst()).violations().getFirst().reason();
    }

    private void hostileServers() {
        for (SmtpPhase phase : List.of(SmtpPhase.GREETING, SmtpPhase.EHLO, SmtpPhase.STARTTLS, SmtpPhase.MAIL, SmtpPhase.DATA,
                SmtpPhase.FINAL_REPLY)) {
            internet.goodMx(domain(phase.name().toLowerCase(Locale.ROOT).replace('_', '-'))).reply(phase, "554 5.7.1 " + LINE);
        }
        internet.goodMx(domain("helo")).at(SmtpPhase.EHLO_AFTER_TLS, SmtpAct.say("250-" + LINE, "250 " + LINE));
        internet.goodMx(domain("nonsense")).at(SmtpPhase.GREETING, SmtpAct.say(LINE));
        String refused = domain("recipient");
        internet.goodMx(refused).replyTo("bob@" + refused, "550 5.1.1 " + LINE);
    }

    private void hostileCertificates() {
        for (String mode : List.of("enforce", "testing")) {
            String domain = domain("certificate-" + mode);
            internet.policy(domain, mode, "mx." + domain)
                .mx(domain, 10, "mx." + domain, setup -> setup.identity(identity()));
        }
        String host = domain("policy-certificate");
        internet.policy(host, "enforce", "mx." + host).goodMx(host).reply(SmtpPhase.MAIL, "550 5.7.1 no");
        internet.policyHost.serve("mta-sts." + host, identity(), HttpAnswer.policy("version: STSv1\n"));
    }

    private void hostilePolicies() {
        String quoted = domain("quoted");
        internet.policy(quoted, "enforce", "mx." + quoted).mx(quoted, 10, "mx." + quoted, setup -> setup);
        internet.policyHost.answer("mta-sts." + quoted, HttpAnswer.policy("version: STSv1\nmode: enforce\nmx: mx." + quoted
            + "\nmax_age: 86400\nx-evil: \uffffEVIL\u202e\n"));
        for (String answer : List.of("HTTP/1.1 404 " + LINE + "\r\n\r\n", LINE + "\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Type: " + LINE + "\r\nContent-Length: 0\r\n\r\n")) {
            String domain = domain("http" + domains.size());
            internet.policy(domain, "enforce", "mx." + domain).goodMx(domain).reply(SmtpPhase.MAIL, "550 5.7.1 no");
            internet.policyHost.answer("mta-sts." + domain, new HttpAnswer.Raw(answer.getBytes(StandardCharsets.UTF_8)));
        }
        String record = domain("record");
        internet.policy(record, "enforce", "mx." + record).goodMx(record).reply(SmtpPhase.MAIL, "550 5.7.1 no");
        internet.dns.zone().remove("_mta-sts." + record, "TXT").txt("_mta-sts." + record, "v=STSv1; id=" + LINE);
    }

    private String domain(String name) {
        domains.add(name + ".example");
        return name + ".example";
    }

    private static Identity identity() {
        Issued issued = CertificateBuilder.server("other.example", LINES).selfSigned();
        return new Identity(issued.key().getPrivate(), List.of(issued.certificate()));
    }

    private static void assertClean(PolicyVerdict verdict) {
        verdict.policy().policyStrings().forEach(HostileTextTest::assertClean);
        verdict.policy().mxHosts().forEach(HostileTextTest::assertClean);
        if (verdict instanceof PolicyVerdict.Violated violated) {
            violated.violations().forEach(violation -> assertClean(violation.reason()));
        }
    }

    private static void assertClean(String text) {
        assertThat(INVISIBLE.matcher(text).find()).as(INVISIBLE.matcher(text).replaceAll("¿")).isFalse();
    }
}
