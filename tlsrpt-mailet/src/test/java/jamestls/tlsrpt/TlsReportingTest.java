package jamestls.tlsrpt;

import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.met;
import static jamestls.tlsrpt.Samples.violated;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.PolicyHost;
import jamestls.fakeinternet.SettableClock;
import jamestls.fakeinternet.TestCa;
import jamestls.outcome.ReportMailListener;
import jamestls.outcome.ReportMailListener.LeavingReport;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcomes;
import jamestls.outcome.Violation.ResultType;
import jamestls.page.PageContents;
import jamestls.tlsrpt.report.ParsedReport;
import jamestls.tlsrpt.send.MailTransport;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.james.core.MailAddress;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.apache.james.server.core.MailImpl;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeUtils;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.Mail;
import org.apache.mailet.ProcessingState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsReportingTest {

    @TempDir
    private Path directory;
    private final FakeJames james = new FakeJames();
    private final TlsOutcomes outcomes = new TlsOutcomes();
    private final ReportingService service = new ReportingService(outcomes, new PageContents());
    private final SettableClock clock = new SettableClock(NOON);
    private final List<MailImpl> requests = new ArrayList<>();
    private DnsServer dns;
    private TlsReporting mailet;

    @BeforeEach
    void start() throws MessagingException {
        dns = DnsServer.start();
        dns.zone().txt("_smtp._tls.rcpt.example", "v=TLSRPTv1; rua=mailto:tls@rcpt.example");
        mailet = started(parameters());
    }

    @AfterEach
    void stop() {
        mailet.destroy();
        dns.close();
        james.close();
        requests.forEach(LifecycleUtil::dispose);
    }

    @Test
    void reportShouldBePassedToTheProcessorAndMarked() throws Exception {
        outcomes.record(List.of(met(NOON), violated(NOON, ResultType.CERTIFICATE_EXPIRED, "")));
        mailet.service(request("admin@sender.example"));

        await().until(() -> james.sent().size() == 2);
        assertThat(james.sentTo("tlsreport")).singleElement().satisfies(sent -> {
            assertThat(sent.mail().getMaybeSender().asString()).isEqualTo("tlsrpt@sender.example");
            assertThat(sent.mail().getRecipients()).singleElement().hasToString("tls@rcpt.example");
            assertThat(AttributeUtils.getValueAndCastFromMail(sent.mail(), MailTransport.REPORT, Boolean.class)).contains(true);
            assertThat(AttributeUtils.getValueAndCastFromMail(sent.mail(), AttributeName.of("REQUIRETLS"), Boolean.class)).contains(false);
            // RFC 8460 §5.5: a day
            assertThat(AttributeUtils.getValueAndCastFromMail(sent.mail(), AttributeName.of(ReportMailListener.Attributes.EXPIRES),
                Long.class)).contains(NOON.plus(Duration.ofHours(24)).toEpochMilli());
            MimeMultipart parts = (MimeMultipart) sent.mail().getMessage().getContent();
            ParsedReport report = ParsedReport.ofGzip(parts.getBodyPart(1).getInputStream().readAllBytes());
            assertThat(report.end()).isEqualTo(NOON);
            assertThat(report.policies()).extracting(ParsedReport.Policy::successes).containsExactly(1L);
        });
    }

    @Test
    void reportDueAtStartShouldGoWhenJamesTakesMailAndLoseNoTry() throws Exception {
        outcomes.record(List.of(met(NOON)));
        mailet.destroy();
        clock.advance(Duration.ofHours(30));
        mailet = started(parameters());
        assertThat(james.sent()).isEmpty();

        james.finishStart();

        await().until(() -> james.sentTo("tlsreport").size() == 1);
    }

    @Test
    void administratorShouldGetAReply() throws Exception {
        outcomes.record(List.of(met(NOON), met(NOON, DomainName.of("silent.example"))));
        MailImpl request = request("Admin@sender.example");
        mailet.service(request);

        assertThat(request.getState()).isEqualTo(Mail.GHOST);
        await().until(() -> !james.sentTo(Mail.DEFAULT).isEmpty());
        assertThat(james.sentTo(Mail.DEFAULT)).singleElement().satisfies(answer -> {
            assertThat(answer.mail().getRecipients()).singleElement().hasToString("Admin@sender.example");
            assertThat(answer.mail().hasSender()).isFalse();
            assertThat(answer.mail().getMessage().getHeader("Auto-Submitted")).containsExactly("auto-replied");
            assertThat((String) answer.mail().getMessage().getContent())
                .contains("1 of 2 reports sent.", "rcpt.example, 2026-03-01: sent", "silent.example, 2026-03-01: no-record");
        });
    }

    @Test
    void requestOfAnotherUserShouldContinueUnchanged() throws Exception {
        outcomes.record(List.of(met(NOON)));
        MailImpl anonymous = request(null);
        MailImpl user = request("user@sender.example");
        mailet.service(anonymous);
        mailet.service(user);

        assertThat(List.of(anonymous, user)).extracting(MailImpl::getState).containsOnly(Mail.TRANSPORT);
        assertThat(james.sent()).isEmpty();
        assertThat(dns.queries()).isEmpty();
    }

    @Test
    void bounceOfAReportShouldBeExaminedAndContinue() throws Exception {
        outcomes.record(List.of(met(NOON)));
        mailet.service(request("admin@sender.example"));
        await().until(() -> james.sent().size() == 2);
        MailImpl bounce = bounceOf(james.sentTo("tlsreport").getFirst().mail().getMessage());
        mailet.service(bounce);

        assertThat(bounce.getState()).isEqualTo(Mail.TRANSPORT);
        outcomes.record(List.of(met(NOON)));
        mailet.service(request("admin@sender.example"));
        await().until(() -> james.sentTo(Mail.DEFAULT).size() == 2);
        assertThat((String) james.sentTo(Mail.DEFAULT).getLast().mail().getMessage().getContent())
            .contains("given-up", "suppressed until", "a report bounced: 5.1.1");
    }

    @Test
    void unsignedReportShouldBeAProblemWithItsRemedy() throws Exception {
        outcomes.record(List.of(met(NOON)));
        mailet.service(request("admin@sender.example"));
        await().until(() -> !james.sentTo("tlsreport").isEmpty());
        MailImpl report = james.sentTo("tlsreport").getFirst().mail();
        outcomes.leaving(new LeavingReport(report.getName(), report.getMaybeSender().asOptional().map(MailAddress::asString), out -> {
            try {
                report.getMessage().writeTo(out);
            } catch (MessagingException e) {
                throw new IOException(e);
            }
        }));

        await().until(() -> !service.running().orElseThrow().problems().isEmpty());
        assertThat(service.running().orElseThrow().problems()).singleElement().asString()
            .contains("unsigned", "add DKIMSign with d=sender.example");
    }

    @Test
    void sendingDomainWithAnIdentityShouldBeReportedUnderIt() throws Exception {
        mailet.destroy();
        mailet = started(parameters("identities", "tenant.example; Tenant Ltd; tls@tenant.example; noreply@tenant.example"));
        outcomes.record(List.of(met(NOON), from("tenant.example"), from("tenant.example"), from("other.example")));
        mailet.service(request("admin@sender.example"));
        await().until(() -> james.sentTo("tlsreport").size() == 2);

        Map<String, ParsedReport> reports = new HashMap<>();
        for (FakeJames.SentMail sent : james.sentTo("tlsreport")) {
            MimeMultipart parts = (MimeMultipart) sent.mail().getMessage().getContent();
            reports.put(sent.mail().getMaybeSender().asString(),
                ParsedReport.ofGzip(parts.getBodyPart(1).getInputStream().readAllBytes()));
            assertThat(sent.mail().getMessage().getHeader("From")[0]).contains(sent.mail().getMaybeSender().asString());
        }
        assertThat(reports.get("tlsrpt@sender.example").policies()).extracting(ParsedReport.Policy::successes).containsExactly(2L);
        ParsedReport tenants = reports.get("noreply@tenant.example");
        assertThat(tenants.policies()).extracting(ParsedReport.Policy::successes).containsExactly(2L);
        assertThat(tenants.organization()).isEqualTo("Tenant Ltd");
        assertThat(tenants.contact()).isEqualTo("tls@tenant.example");
        assertThat(tenants.id()).matches("20260301_[a-z0-9]{10}\\.rcpt\\.example@tenant\\.example");
    }

    @Test
    void unknownParameterShouldStopTheServer() {
        Map<String, String> wrong = parameters();
        wrong.put("organisation", "x");
        assertThatThrownBy(() -> started(wrong)).isInstanceOf(MessagingException.class)
            .hasMessageContainingAll("'organisation'", "did you mean 'organization'?");
    }

    @Test
    void secondEntryWithTheSameParametersShouldShareTheReporting() throws Exception {
        TlsReporting second = started(parameters());
        outcomes.record(List.of(met(NOON)));
        mailet.destroy();
        second.service(request("admin@sender.example"));

        await().until(() -> james.sent().size() == 2);
        second.destroy();
        assertThat((String) james.sentTo(Mail.DEFAULT).getFirst().mail().getMessage().getContent()).contains("sessions: 1,");
    }

    @Test
    void secondEntryWithOtherParametersShouldStopTheServer() {
        Map<String, String> other = parameters();
        other.put("organization", "Somebody Else");
        assertThatThrownBy(() -> started(other)).isInstanceOf(MessagingException.class).hasMessageContaining("another TlsReporting");
    }

    @Test
    void destroyedMailetShouldNotCount() {
        mailet.destroy();
        assertThatCode(() -> outcomes.record(List.of(met(NOON)))).doesNotThrowAnyException();
        assertThatCode(mailet::destroy).doesNotThrowAnyException();
    }

    @Test
    void processorShouldBeRequired() {
        assertThat(mailet.requiredProcessingState()).containsExactly(new ProcessingState("tlsreport"));
    }

    @Test
    void dnsServersOfJamesShouldBeUsedUnlessOthersAreConfigured() {
        Map<String, String> parameters = parameters();
        parameters.remove("dnsServers");
        mailet.destroy();
        assertThatCode(() -> mailet = mailet(parameters, "127.0.0.1", "::1")).doesNotThrowAnyException();
        mailet.destroy();
        assertThatThrownBy(() -> mailet(parameters)).isInstanceOf(MessagingException.class).hasMessageContaining("'dnsServers'");
    }

    @Test
    void reportShouldBePostedOverRealTls() throws Exception {
        TestCa ca = TestCa.create("report receivers");
        try (PolicyHost receiver = PolicyHost.start().collect("in.rcpt.example", ca.issue("in.rcpt.example"))) {
            dns.zone().remove("_smtp._tls.rcpt.example", "TXT")
                .txt("_smtp._tls.rcpt.example", "v=TLSRPTv1;rua=https://in.rcpt.example:" + receiver.port() + "/tlsrpt")
                .a("in.rcpt.example", "127.0.0.1");
            mailet.destroy();
            mailet = started(parameters("httpsPorts", "443, " + receiver.port(), "allowPrivateAddresses", "true"));
            outcomes.record(List.of(met(NOON)));
            mailet.service(request("admin@sender.example"));

            await().until(() -> !james.sent().isEmpty());
            assertThat(receiver.requests()).singleElement().satisfies(post -> {
                assertThat(post.method()).isEqualTo("POST");
                assertThat(post.path()).isEqualTo("/tlsrpt");
                assertThat(ParsedReport.ofGzip(post.body()).id()).matches("20260301_[a-z0-9]{10}\\.rcpt\\.example@sender\\.example");
            });
        }
    }

    @Test
    void certificateErrorsShouldPreventReportsIfConfigured() throws Exception {
        TestCa ca = TestCa.create("report receivers");
        try (PolicyHost receiver = PolicyHost.start().collect("in.rcpt.example", ca.issue("in.rcpt.example"))) {
            dns.zone().remove("_smtp._tls.rcpt.example", "TXT")
                .txt("_smtp._tls.rcpt.example", "v=TLSRPTv1;rua=https://in.rcpt.example:" + receiver.port() + "/tlsrpt")
                .a("in.rcpt.example", "127.0.0.1");
            mailet.destroy();
            mailet = started(parameters("httpsPorts", String.valueOf(receiver.port()), "allowPrivateAddresses", "true",
                "certificateErrors", "refuse"));
            outcomes.record(List.of(met(NOON)));
            mailet.service(request("admin@sender.example"));

            await().until(() -> !james.sent().isEmpty());
            assertThat((String) james.sent().getFirst().mail().getMessage().getContent()).contains("postponed", "certification path");
            assertThat(receiver.requests()).isEmpty();
        }
    }

    @Test
    void destinationWithAPortThatIsNotAllowedShouldGetNoReport() throws Exception {
        dns.zone().remove("_smtp._tls.rcpt.example", "TXT")
            .txt("_smtp._tls.rcpt.example", "v=TLSRPTv1;rua=https://in.rcpt.example:25/tlsrpt");
        outcomes.record(List.of(met(NOON)));
        mailet.service(request("admin@sender.example"));

        await().until(() -> !james.sent().isEmpty());
        assertThat((String) james.sent().getFirst().mail().getMessage().getContent())
            .contains("no-record", "port 25 is not among those allowed");
    }

    @Test
    void privateAddressShouldNotBeConnectedTo() throws Exception {
        dns.zone().remove("_smtp._tls.rcpt.example", "TXT")
            .txt("_smtp._tls.rcpt.example", "v=TLSRPTv1;rua=https://in.rcpt.example/tlsrpt,https://meta.rcpt.example/latest")
            .a("in.rcpt.example", "10.0.0.5").a("meta.rcpt.example", "169.254.169.254");
        outcomes.record(List.of(met(NOON)));
        mailet.service(request("admin@sender.example"));

        await().until(() -> !james.sent().isEmpty());
        assertThat((String) james.sent().getFirst().mail().getMessage().getContent())
            .contains("0 of 1 reports sent.", "postponed", "10.0.0.5", "169.254.169.254");
    }

    private TlsReporting started(Map<String, String> parameters) throws MessagingException {
        return mailet(parameters, "192.0.2.53");
    }

    private TlsReporting mailet(Map<String, String> parameters, String... jamesServers) throws MessagingException {
        TlsReporting fresh = new TlsReporting(service, FakeJames.dns(jamesServers), james.files(directory),
            new RecordingMetricFactory(), clock);
        fresh.init(james.config(parameters));
        return fresh;
    }

    private Map<String, String> parameters() {
        return new HashMap<>(Map.of("organization", "Sender Example", "contact", "tlsrpt@sender.example",
            "administrators", "admin@sender.example", "dnsServers", "127.0.0.1:" + dns.address().getPort()));
    }

    private Map<String, String> parameters(String... more) {
        Map<String, String> parameters = parameters();
        for (int i = 0; i < more.length; i += 2) {
            parameters.put(more[i], more[i + 1]);
        }
        return parameters;
    }

    private static TlsOutcome from(String sendingDomain) {
        TlsOutcome met = met(NOON);
        return new TlsOutcome(met.at(), met.recipientDomain(), met.peer(), met.verdicts(), Optional.of(DomainName.of(sendingDomain)));
    }

    private MailImpl bounceOf(MimeMessage report) throws Exception {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        report.writeTo(whole);
        String text = String.join("\r\n", "From: <>", "Subject: sorry",
            "Content-Type: multipart/report; report-type=delivery-status; boundary=x", "",
            "--x", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx", "", "Action: failed", "Status: 5.1.1", "",
            "--x", "Content-Type: message/rfc822", "", whole.toString(StandardCharsets.US_ASCII), "--x--", "");
        MailImpl mail = MailImpl.builder().name("bounce").sender(Optional.<MailAddress>empty()).addRecipient("tlsrpt@sender.example")
            .mimeMessage(new MimeMessage(Session.getInstance(new Properties()),
                new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)))).state(Mail.TRANSPORT).build();
        requests.add(mail);
        return mail;
    }

    private MailImpl request(String user) throws MessagingException {
        MimeMessage message = new MimeMessage(Session.getInstance(new Properties()));
        message.setText("now, please");
        message.saveChanges();
        MailImpl mail = MailImpl.builder().name("request").sender("someone@sender.example").addRecipient("now@sender.example")
            .mimeMessage(message).state(Mail.TRANSPORT).build();
        if (user != null) {
            mail.setAttribute(new Attribute(Mail.SMTP_AUTH_USER, AttributeValue.of(user)));
        }
        requests.add(mail);
        return mail;
    }
}
