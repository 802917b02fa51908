package jamestls.container;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import jamestls.james.DkimKey;
import jamestls.james.Flavour;
import jamestls.james.PackagedCommand;
import jamestls.james.Ports;
import jamestls.james.ServerDirectory;
import jamestls.scenario.ReceivedReport;
import jamestls.scenario.ReportCheck;
import jamestls.scenario.Scenario;
import jamestls.scenario.ScenarioInternet;
import jamestls.scenario.ScenarioServer;
import jamestls.scenario.Scenarios;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Properties;
import org.apache.james.server.core.MailImpl;
import org.apache.james.util.AuditTrail;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.Mail;
import org.apache.mailet.Mailet;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The main (jakarta) jars in the mailet container of James 3.9.0, loaded from extensions-jars/ as that server does it. */
class MailetContainer39IT {

    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final Scenario GOOD = Scenarios.ALL.getFirst();

    @TempDir
    private Path directory;

    @Test
    void mainJarsShouldDeliverMailAndReportOnIt() throws Exception {
        DkimKey dkim = DkimKey.generate();
        ListAppender<ILoggingEvent> audit = auditTrail();
        try (ScenarioInternet internet = ScenarioInternet.of(List.of(GOOD), dkim)) {
            ServerDirectory server = ServerDirectory.create(directory, Flavour.JAKARTA, Ports.free(), internet.surroundings(), dkim);
            try (MailetContainer container = MailetContainer.start(server.path())) {
                assertThat(container.mailets("relay")).singleElement().satisfies(MailetContainer39IT::comesFromExtensionsJars);

                container.accept(mail("alice@sender.example", "bob@good.example"));
                assertThat(internet.mailServer("mx.good.example").awaitMails(1, PATIENCE).getFirst().tls()).isPresent();

                Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(audit.list).first().satisfies(entry -> {
                    assertThat(entry.getFormattedMessage()).isEqualTo("Remote delivering mail planned without gateway.");
                    assertThat(entry.getMDCPropertyMap())
                        .containsEntry("protocol", "mailetcontainer").containsEntry("action", "RemoteDelivery")
                        .containsEntry("sender", "alice@sender.example").containsEntry("recipients", "bob@good.example")
                        .containsKeys("mailId", "mimeMessageId");
                }));

                List<ReceivedReport> reports = internet.reports(1, () -> askForReports(container));
                assertThat(reports).singleElement()
                    .satisfies(report -> assertThat(ReportCheck.deviations(report, GOOD)).isEmpty());
                assertThat(container.errors()).isZero();
            }
        }
    }

    @Test
    void mainJarsShouldReadReportsOfOthers() throws Exception {
        DkimKey dkim = DkimKey.generate();
        try (ScenarioInternet internet = ScenarioInternet.of(List.of(GOOD), dkim)) {
            ServerDirectory server = ServerDirectory.create(directory, Flavour.JAKARTA, Ports.free(), internet.surroundings(), dkim);
            Path conf = server.conf().resolve("mailetcontainer.xml");
            Files.writeString(conf, Files.readString(conf).replace("<ownDomains>", "<keep>false</keep><ownDomains>"));
            LocalDate yesterday = LocalDate.now(ZoneOffset.UTC).minusDays(1);
            String report = """
                {"organization-name":"Other","date-range":{"start-datetime":"%1$sT00:00:00Z","end-datetime":"%1$sT23:59:59Z"},\
                "contact-info":"tls@other.example","report-id":"1","policies":[{"policy":{"policy-type":"no-policy-found",\
                "policy-domain":"sender.example"},"summary":{"total-successful-session-count":7,"total-failure-session-count":0}}]}
                """.formatted(yesterday);
            String message = "From: tls@other.example\r\nTo: tls-reports@sender.example\r\nContent-Type: application/tlsrpt+json\r\n\r\n"
                + report;
            try (MailetContainer container = MailetContainer.start(server.path())) {
                container.accept(mail("tls@other.example", "tls-reports@sender.example", message));

                Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofSeconds(1)).untilAsserted(() ->
                    assertThat(PackagedCommand.reports("received", "--conf", server.conf().toString(), "--day", yesterday.toString(),
                        "--unverified").out()).contains(yesterday + "  sessions: 7, failed: 0, reporters: 1", "other.example"));
                assertThat(container.errors()).isZero();
            }
        }
    }

    private static void askForReports(MailetContainer container) {
        try {
            Mail request = mail("admin@sender.example", ScenarioServer.REPORT_NOW);
            request.setAttribute(new Attribute(Mail.SMTP_AUTH_USER, AttributeValue.of("admin@sender.example")));
            container.accept(request);
        } catch (MessagingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** James's, as logback would write it. */
    private static ListAppender<ILoggingEvent> auditTrail() {
        ListAppender<ILoggingEvent> audit = new ListAppender<>();
        audit.start();
        Logger logger = (Logger) LoggerFactory.getLogger(AuditTrail.class);
        logger.setLevel(Level.INFO);
        logger.addAppender(audit);
        return audit;
    }

    private static void comesFromExtensionsJars(Mailet mailet) {
        assertThat(mailet.getClass().getName()).isEqualTo("jamestls.mtasts.SecureRemoteDelivery");
        assertThat(mailet.getClass().getProtectionDomain().getCodeSource().getLocation().getPath()).contains("/extensions-jars/");
    }

    private static Mail mail(String sender, String recipient) throws MessagingException {
        return mail(sender, recipient, "From: " + sender + "\r\nTo: " + recipient + "\r\nSubject: hello\r\n\r\nhello\r\n");
    }

    private static Mail mail(String sender, String recipient, String text) throws MessagingException {
        MimeMessage message = new MimeMessage(Session.getInstance(new Properties()),
            new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)));
        return MailImpl.builder().name(MailImpl.getId()).sender(sender).addRecipient(recipient).mimeMessage(message).build();
    }
}
