package jamestls.tlsrpt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.SmtpServer;
import jamestls.mtasts.delivery.DeliveryResult;
import jamestls.mtasts.delivery.TestDelivery;
import jamestls.outcome.TlsOutcomes;
import jamestls.page.PageContents;
import jamestls.tlsrpt.report.ParsedReport;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Properties;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.apache.james.server.core.MailImpl;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.Mail;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a delivery over real sockets to the report about it, through both modules. */
class DeliveryToReportTest {

    private static final String DOMAIN = "rcpt.example";

    @TempDir
    private Path directory;

    @Test
    void invalidPolicyShouldBeReportedAsDeclaredErrorsIncluded() throws Exception {
        // RFC 8460 §4.3.2.2, §4.5
        TlsOutcomes outcomes = new TlsOutcomes();
        ReportingService service = new ReportingService(outcomes, new PageContents());
        try (TestDelivery internet = new TestDelivery(); FakeJames james = new FakeJames()) {
            internet.sink = outcomes;
            internet.dns.zone().txt("_smtp._tls." + DOMAIN, "v=TLSRPTv1; rua=mailto:tls@" + DOMAIN)
                .txt("_mta-sts." + DOMAIN, "v=STSv1; id=1").a("mta-sts." + DOMAIN, "127.0.0.1");
            internet.policyHost.serve("mta-sts." + DOMAIN, internet.ca.issue("mta-sts." + DOMAIN),
                HttpAnswer.policy("version: STSv1\r\nmode: enforced\r\nmx: *.rcpt.example\r\nmax_age: a week\r\n"));
            SmtpServer mx = internet.goodMx(DOMAIN);
            TlsReporting reporting = new TlsReporting(service, FakeJames.dns(), james.files(directory), new RecordingMetricFactory(),
                Clock.systemUTC());
            reporting.init(james.config(Map.of("organization", "Sender Example", "contact", "tlsrpt@sender.example",
                "administrators", "admin@sender.example", "dnsServers", "127.0.0.1:" + internet.dns.address().getPort())));
            try {
                assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
                assertThat(mx.mails()).hasSize(1);
                requestReports(reporting);
                await().until(() -> !james.sentTo("tlsreport").isEmpty());
            } finally {
                reporting.destroy();
            }

            MimeMultipart parts = (MimeMultipart) james.sentTo("tlsreport").getFirst().mail().getMessage().getContent();
            ParsedReport report = ParsedReport.ofGzip(parts.getBodyPart(1).getInputStream().readAllBytes());
            assertThat(report.policies()).singleElement().satisfies(policy -> {
                assertThat(policy.type()).isEqualTo("sts");
                assertThat(policy.domain()).isEqualTo(DOMAIN);
                assertThat(policy.strings()).containsExactly("version: STSv1", "mode: enforced", "mx: *.rcpt.example", "max_age: a week");
                assertThat(policy.successes()).isZero();
                assertThat(policy.failures()).isOne();
                assertThat(policy.details()).singleElement().satisfies(detail -> {
                    assertThat(detail.texts()).containsEntry("result-type", "sts-policy-invalid")
                        .containsEntry("failure-reason-code", "line 2: mode is not enforce, testing or none");
                    assertThat(detail.count()).isOne();
                });
            });
        }
    }

    private static void requestReports(TlsReporting reporting) throws Exception {
        MimeMessage message = new MimeMessage(Session.getInstance(new Properties()));
        message.setText("now, please");
        message.saveChanges();
        MailImpl mail = MailImpl.builder().name("request").sender("admin@sender.example").addRecipient("now@sender.example")
            .mimeMessage(message).state(Mail.TRANSPORT).build();
        mail.setAttribute(new Attribute(Mail.SMTP_AUTH_USER, AttributeValue.of("admin@sender.example")));
        try {
            reporting.service(mail);
        } finally {
            LifecycleUtil.dispose(mail);
        }
    }
}
