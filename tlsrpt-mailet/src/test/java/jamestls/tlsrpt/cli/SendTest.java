package jamestls.tlsrpt.cli;

import static jamestls.tlsrpt.Samples.peer;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.PolicyHost;
import jamestls.fakeinternet.ReceivedMail;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.PolicyVerdict;
import jamestls.outcome.TlsOutcome;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.collect.OutcomeJournal;
import jamestls.tlsrpt.report.MimeEntity;
import jamestls.tlsrpt.report.ParsedReport;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.ReportRecord;
import jamestls.tlsrpt.store.ReportRecord.State;
import jamestls.tlsrpt.store.Stores;
import jamestls.tlsrpt.store.TallyKey;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.james.jdkim.DKIMVerifier;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A James that is down, with yesterday's counts, and an operator who sends the reports. */
class SendTest {

    private static final LocalDate YESTERDAY = LocalDate.now(ZoneOffset.UTC).minusDays(1);
    private static final Instant NOON = YESTERDAY.atTime(12, 0).toInstant(ZoneOffset.UTC);
    private static final TestCa CA = TestCa.create("report receivers");
    private static KeyPair key;

    @TempDir
    private Path home;
    private final DnsServer dns = DnsServer.start();
    private final SmtpServer mailbox = SmtpServer.named("mx.rcpt.example").identity(CA.issue("mx.rcpt.example")).start();
    private final PolicyHost web = PolicyHost.start().collect("in.rcpt.example", CA.issue("in.rcpt.example"));

    private record Run(int exitCode, String out, String err) {
    }

    @BeforeAll
    static void key() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        key = generator.generateKeyPair();
    }

    @BeforeEach
    void james() throws IOException {
        Path conf = Files.createDirectory(home.resolve("conf"));
        configure("d=sender.example");
        Files.writeString(conf.resolve("dkim-private.pem"), "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(key.getPrivate().getEncoded()) + "\n-----END PRIVATE KEY-----\n");
        dns.zone().txt("_smtp._tls.rcpt.example", "v=TLSRPTv1; rua=mailto:tls@rcpt.example,https://in.rcpt.example:" + web.port()
            + "/tlsrpt")
            .mx("rcpt.example", 10, "mx.rcpt.example").a("mx.rcpt.example", mailbox.ip().getHostAddress())
            .a("in.rcpt.example", "127.0.0.1");
        count("rcpt.example");
    }

    @AfterEach
    void stop() {
        mailbox.close();
        web.close();
        dns.close();
    }

    @Test
    void reportsShouldGoOutSignedAndOnlyOnce() throws Exception {
        Run run = send();

        assertThat(run.err()).isEmpty();
        assertThat(run.out()).contains(YESTERDAY + "  rcpt.example  sent  mailto:tls@rcpt.example https://in.rcpt.example");
        assertThat(run.exitCode()).isZero();
        ReceivedMail mail = mailbox.mails().getFirst();
        assertThat(mail.sender()).isEqualTo("tlsrpt@sender.example");
        assertThat(mail.helo()).isEqualTo("mail.sender.example");
        assertThat(mail.tls()).isPresent();
        String record = "v=DKIM1; k=rsa; s=tlsrpt; p=" + Base64.getEncoder().encodeToString(key.getPublic().getEncoded());
        assertThat(new DKIMVerifier((method, selector, domain) -> List.of(record)).verify(new ByteArrayInputStream(mail.content())))
            .isNotEmpty();
        assertThat(report(mail).policies()).singleElement().satisfies(policy -> assertThat(policy.successes()).isEqualTo(2));
        assertThat(web.requests()).hasSize(1);

        Run again = send();
        assertThat(again.exitCode()).isEqualTo(4);
        assertThat(again.out()).contains("nothing to send for " + YESTERDAY);
        assertThat(mailbox.mails()).hasSize(1);
        assertThat(states()).containsOnly(State.ACCEPTED);
    }

    @Test
    void reportThatAServerHasClaimedShouldBeLeftToIt() {
        try (Stores stores = open()) {
            stores.tallies().claim(key("rcpt.example"), Due.finishedDays(Instant.now())).orElseThrow();
        }

        assertThat(send().exitCode()).isEqualTo(4);
        assertThat(mailbox.mails()).isEmpty();
    }

    @Test
    void otherDomainsAndDaysShouldStay() throws IOException {
        count("other.example");
        assertThat(send("--domain", "other.example").out()).contains("other.example  no-record");

        assertThat(mailbox.mails()).isEmpty();
        assertThat(send("--day", LocalDate.now(ZoneOffset.UTC).toString()).exitCode()).isEqualTo(4);
        assertThat(send().exitCode()).isZero();
    }

    @Test
    void reportsOfBrokenTlsShouldGoInClear() {
        mailbox.at(SmtpPhase.HANDSHAKE, SmtpAct.drop());

        assertThat(send().exitCode()).isZero();
        assertThat(mailbox.mails()).singleElement().satisfies(mail -> assertThat(mail.tls()).isEmpty());
    }

    @Test
    void refusalShouldBeShownAndTriedAgainNextTime() throws IOException {
        mailbox.reply(SmtpPhase.RCPT, "451 4.7.1 come back later");
        Run run = send("--json");

        JsonNode result = new ObjectMapper().readTree(run.out()).get(0);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(result.get("result").asText()).isEqualTo("partly-sent");
        assertThat(result.get("detail").asText()).contains("451 4.7.1 come back later");
        mailbox.behave();
        assertThat(send().exitCode()).isZero();
        assertThat(states()).containsOnly(State.ACCEPTED);
        assertThat(web.requests()).hasSize(1);
    }

    @Test
    void finalRefusalShouldEndIt() {
        mailbox.reply(SmtpPhase.RCPT, "550 5.1.1 nobody here");

        assertThat(send().exitCode()).isZero();
        assertThat(states()).containsExactlyInAnyOrder(State.ACCEPTED, State.GIVEN_UP);
        try (Stores stores = open()) {
            assertThat(stores.destinations().leftAlone(Instant.now())).singleElement()
                .satisfies(alone -> assertThat(alone.address()).isEqualTo("tls@rcpt.example"));
        }
    }

    @Test
    void relayShouldGetAllMails() {
        try (SmtpServer relay = SmtpServer.named("relay.sender.example").start()) {
            assertThat(send("--relay", "127.0.0.1:" + relay.port()).exitCode()).isZero();

            assertThat(relay.mails()).singleElement().satisfies(mail ->
                assertThat(mail.recipientAddresses()).containsExactly("tls@rcpt.example"));
            assertThat(mailbox.mails()).isEmpty();
        }
    }

    @Test
    void mailsThatCantBeSignedShouldNotGo() throws IOException {
        configure("d=other.example");
        assertThat(send()).satisfies(run -> {
            assertThat(run.exitCode()).isEqualTo(3);
            assertThat(run.err()).contains("no DKIMSign with d=sender.example");
        });
        configure("d=sender.example");
        Files.delete(home.resolve("conf").resolve("dkim-private.pem"));
        assertThat(send()).satisfies(run -> {
            assertThat(run.exitCode()).isEqualTo(3);
            assertThat(run.err()).contains("dkim-private.pem");
        });
        assertThat(mailbox.mails()).isEmpty();
        assertThat(states()).isEmpty();
    }

    @Test
    void dayThatIsTooOldShouldBeRefusedAndKept() {
        Run run = send("--day", YESTERDAY.minusDays(3).toString());

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("up to 48 hours after the day's end");
    }

    private static ParsedReport report(ReceivedMail mail) {
        MimeEntity part = MimeEntity.of(mail.content()).parts().get(1);
        return ParsedReport.ofGzip(Base64.getMimeDecoder().decode(part.body()));
    }

    private List<State> states() {
        try (Stores stores = open()) {
            return stores.reports().of(key("rcpt.example")).stream().map(ReportRecord::state).toList();
        }
    }

    private static TallyKey key(String domain) {
        return new TallyKey(YESTERDAY, DomainName.of(domain));
    }

    private void count(String domain) throws IOException {
        try (Stores stores = open();
             OutcomeJournal journal = new OutcomeJournal(stores.tallies(), new RecordingMetricFactory(), Clock.systemUTC())) {
            IntStream.range(0, 2).forEach(i -> journal.record(List.of(new TlsOutcome(NOON, DomainName.of(domain), peer(),
                List.of(new PolicyVerdict.Met(AppliedPolicy.none(DomainName.of(domain))))))));
        }
    }

    private Stores open() {
        return Stores.open(Optional.of(new DatabaseAddress.SqliteFile(home.resolve("var").resolve("tlsreports.sqlite"))),
            Clock.systemUTC());
    }

    private void configure(String signing) throws IOException {
        Files.writeString(home.resolve("conf").resolve("mailetcontainer.xml"), """
            <mailetcontainer><processors>
              <processor state="transport">
                <mailet match="RecipientIs=now@sender.example" class="jamestls.tlsrpt.TlsReporting">
                  <organization>Sender Example</organization>
                  <contact>tlsrpt@sender.example</contact>
                  <dnsServers>127.0.0.1:%d</dnsServers>
                  <httpsPorts>443, %d</httpsPorts>
                  <allowPrivateAddresses>true</allowPrivateAddresses>
                </mailet>
              </processor>
              <processor state="relay">
                <mailet match="All" class="jamestls.mtasts.SecureRemoteDelivery">
                  <heloName>mail.sender.example</heloName>
                  <smtpPort>%d</smtpPort>
                  <allowPrivateAddresses>true</allowPrivateAddresses>
                </mailet>
              </processor>
              <processor state="TlsReport">
                <mailet match="All" class="org.apache.james.jdkim.mailets.DKIMSign">
                  <signatureTemplate>v=1; a=rsa-sha256; c=relaxed/relaxed; %s; s=sel;
                    h=from:to:subject:date:tls-report-domain:tls-report-submitter; bh=; b=;</signatureTemplate>
                  <privateKeyFilepath>file://conf/dkim-private.pem</privateKeyFilepath>
                </mailet>
              </processor>
            </processors></mailetcontainer>
            """.formatted(dns.address().getPort(), web.port(), mailbox.port(), signing));
    }

    private Run send(String... more) {
        List<String> arguments = new ArrayList<>(List.of("send", "--conf", home.resolve("conf").toString()));
        if (!List.of(more).contains("--day")) {
            arguments.addAll(List.of("--day", YESTERDAY.toString()));
        }
        arguments.addAll(List.of(more));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments.toArray(String[]::new));
        return new Run(exitCode, out.toString(), err.toString());
    }
}
