package jamestls.tlsrpt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import jamestls.config.ConfigurationException;
import jamestls.config.DocumentedParameters;
import jamestls.config.Parameters;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.SettableClock;
import jamestls.outcome.OwnDomainEvents;
import jamestls.outcome.TlsOutcomes;
import jamestls.page.Page;
import jamestls.page.PageContents;
import jamestls.tlsrpt.inbox.IncomingMail;
import jamestls.tlsrpt.inbox.InboxSettings;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.apache.james.server.core.MailImpl;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeUtils;
import org.apache.mailet.Mail;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsReportInboxTest {

    private static final Instant NOW = Instant.parse("2026-11-21T08:00:00Z");
    private static final byte[] REPORT = IncomingMail.mail("reporter.example", IncomingMail.json("1", "2026-11-20", "own.example", 3, 1,
        IncomingMail.detail("certificate-expired", "mx1.own.example", 1)));

    @TempDir
    private Path directory;
    private final FakeJames james = new FakeJames();
    private final RecordingMetricFactory metrics = new RecordingMetricFactory();
    private final SettableClock clock = new SettableClock(NOW);
    private final PageContents contents = new PageContents();
    private final OwnDomainEvents events = new OwnDomainEvents();
    private final InboxService service = new InboxService(new TlsOutcomes(), events, contents, clock);
    private final List<MailImpl> mails = new ArrayList<>();
    private DnsServer dns;
    private TlsReportInbox mailet;

    @BeforeEach
    void start() throws MessagingException {
        dns = DnsServer.start();
        dns.zone().txt("sel._domainkey.reporter.example", IncomingMail.keyRecord());
        mailet = started(parameters());
    }

    @AfterEach
    void stop() {
        mailet.destroy();
        dns.close();
        james.close();
        mails.forEach(LifecycleUtil::dispose);
    }

    private Map<String, String> parameters(String... more) {
        Map<String, String> parameters = new HashMap<>(Map.of("ownDomains", "own.example", "dnsServers",
            dns.address().getAddress().getHostAddress() + ":" + dns.address().getPort()));
        for (int i = 0; i < more.length; i += 2) {
            parameters.put(more[i], more[i + 1]);
        }
        return parameters;
    }

    private TlsReportInbox started(Map<String, String> parameters) throws MessagingException {
        TlsReportInbox created = new TlsReportInbox(service, FakeJames.dns("127.0.0.1"), james.files(directory), metrics, clock);
        created.init(james.config(parameters));
        return created;
    }

    private MailImpl mail(byte[] message) throws MessagingException {
        MailImpl mail = MailImpl.builder().name("mail-" + mails.size()).sender("tls@reporter.example")
            .addRecipient("tls-reports@own.example")
            .mimeMessage(new MimeMessage(Session.getInstance(new Properties()), new ByteArrayInputStream(message))).build();
        mails.add(mail);
        return mail;
    }

    private static String attribute(Mail mail, AttributeName name) {
        return AttributeUtils.getValueAndCastFromMail(mail, name, String.class).orElse("");
    }

    @Test
    void pageShouldShowWhatOthersReportBesideWhatChanged() throws Exception {
        DomainName own = DomainName.of("own.example");
        events.add(new OwnDomainEvents.Source() {
            @Override
            public Set<DomainName> domains() {
                return Set.of(own);
            }

            @Override
            public List<OwnDomainEvents.Event> events(DomainName domain, Instant from, Instant until) {
                return domain.equals(own) ? List.of(new OwnDomainEvents.Event(own, Instant.parse("2026-11-20T13:02:00Z"),
                    OwnDomainEvents.Kind.CERTIFICATE, Optional.empty(), "the <certificate> of mx1 changed")) : List.of();
            }
        });
        Page page = new Page(contents, clock);
        assertThat(page.overview()).contains("None from a verified sender in the last 30 days");

        mailet.service(mail(IncomingMail.signed(REPORT, "reporter.example")));

        assertThat(page.overview()).contains("<title>2026-11-20, successful: 3</title>", "<title>2026-11-20, failed: 1</title>",
            "<title>2026-11-20: own.example: the &lt;certificate&gt; of mx1 changed</title>", "reporter.example", "certificate-expired",
            "mx1.own.example", "href=\"/tls/page/domains/own.example\"");
        assertThat(page.domain(own)).contains("The latest reports", "reporter.example", "2026-11-20T13:02:00Z");
        assertThat(page.domain(DomainName.of("other.example"))).doesNotContain("Incoming");
        mailet.destroy();
        assertThat(page.overview()).doesNotContain("reporter.example");
        mailet = started(parameters());
    }

    @Test
    void signedReportShouldBeCountedAndGoOnUnchanged() throws Exception {
        byte[] signed = IncomingMail.signed(REPORT, "reporter.example");
        MailImpl mail = mail(signed);
        mailet.service(mail);

        assertThat(attribute(mail, TlsReportInbox.RESULT)).isEqualTo("counted");
        assertThat(attribute(mail, TlsReportInbox.REASON)).isEmpty();
        assertThat(mail.getState()).isNotEqualTo(Mail.GHOST);
        ByteArrayOutputStream after = new ByteArrayOutputStream();
        mail.getMessage().writeTo(after);
        assertThat(after.toByteArray()).isEqualTo(signed);
        assertThat(metrics.countFor("tlsReportsReceived")).isEqualTo(1);
        assertThat(metrics.countFor("tlsReceivedSessions")).isEqualTo(4);
        assertThat(metrics.countFor("tlsReceivedFailures")).isEqualTo(1);
    }

    @Test
    void countedMailShouldEndIfItIsNotKept() throws Exception {
        mailet.destroy();
        mailet = started(parameters("keep", "false"));
        MailImpl counted = mail(IncomingMail.signed(REPORT, "reporter.example"));
        MailImpl copy = mail(IncomingMail.signed(REPORT, "reporter.example"));
        MailImpl other = mail("From: a@b.example\r\n\r\nhello\r\n".getBytes(StandardCharsets.US_ASCII));
        List.of(counted, copy, other).forEach(mailet::service);

        assertThat(counted.getState()).isEqualTo(Mail.GHOST);
        assertThat(copy.getState()).isEqualTo(Mail.GHOST);
        assertThat(attribute(copy, TlsReportInbox.RESULT)).isEqualTo("duplicate");
        assertThat(other.getState()).as("not a report").isNotEqualTo(Mail.GHOST);
    }

    @Test
    void unsignedReportShouldBeMarked() throws Exception {
        MailImpl mail = mail(REPORT);
        mailet.service(mail);

        assertThat(attribute(mail, TlsReportInbox.RESULT)).isEqualTo("unverified");
        assertThat(attribute(mail, TlsReportInbox.REASON)).isEqualTo("not verified: unsigned");
        assertThat(metrics.countFor("tlsReportsReceivedUnverified")).isEqualTo(1);
    }

    @Test
    void mailWithoutReportShouldGoOnWithTheReason() throws Exception {
        MailImpl mail = mail("From: a@b.example\r\n\r\nhello\r\n".getBytes(StandardCharsets.US_ASCII));
        mailet.service(mail);

        assertThat(attribute(mail, TlsReportInbox.RESULT)).isEqualTo("not-counted");
        assertThat(attribute(mail, TlsReportInbox.REASON)).startsWith("there is no part application/tlsrpt+gzip");
        assertThat(metrics.countFor("tlsReportsReceivedNotCounted")).isEqualTo(1);
    }

    @Test
    void tooLargeMailShouldGoOnWithTheReason() throws Exception {
        byte[] large = Arrays.copyOf(REPORT, (10 << 20) + 1);
        Arrays.fill(large, REPORT.length, large.length, (byte) 'x');
        MailImpl mail = mail(large);
        mailet.service(mail);

        assertThat(attribute(mail, TlsReportInbox.REASON)).isEqualTo("the mail is larger than 10485760 octets");
    }

    @Test
    void oldOrFutureReportShouldNotBeCounted() throws Exception {
        MailImpl old = mail(IncomingMail.mail("reporter.example", IncomingMail.json("1", "2026-09-01", "own.example", 1, 0)));
        MailImpl future = mail(IncomingMail.mail("reporter.example", IncomingMail.json("2", "2026-11-23", "own.example", 1, 0)));
        mailet.service(old);
        mailet.service(future);

        assertThat(attribute(old, TlsReportInbox.REASON)).isEqualTo("it is about 2026-09-01, more than 60 days ago");
        assertThat(attribute(future, TlsReportInbox.REASON)).startsWith("it is about a time in the future");
    }

    @Test
    void secondMailetShouldShareTheInboxIfItsParametersAreTheSame() throws Exception {
        TlsReportInbox second = started(parameters());
        second.destroy();
        assertThat(service.running()).isPresent();

        assertThatThrownBy(() -> started(parameters("keep", "false"))).hasMessageContaining("different parameters");
    }

    @Test
    void wrongParametersShouldStopJamesWithAllMistakes() {
        assertThatThrownBy(() -> started(parameters("ownDomains", "no domain!", "alarmRate", "0", "retention", "1d", "administrators", "x",
            "kept", "true"))).isInstanceOf(MessagingException.class).hasMessageContainingAll("parameter 'ownDomains'",
                "'domain!' is no domain", "parameter 'alarmRate'", "parameter 'retention'", "parameter 'administrators'",
                "did you mean 'keep'?");
    }

    @Test
    void everyParameterShouldBeDocumentedWithItsDefault() throws IOException, ConfigurationException {
        Parameters parameters = new Parameters("TlsReportInbox", Map.of(), Parameters.ForeignNames.NONE, location -> Path.of(location));
        InboxSettings.of(parameters, List.of(new InetSocketAddress("127.0.0.1", 53)));

        assertThat(DocumentedParameters.of("TlsReportInbox")).isEqualTo(DocumentedParameters.of(parameters));
    }
}
