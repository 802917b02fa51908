package jamestls.tlsrpt.send;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.fakeinternet.FakeDns;
import jamestls.fakeinternet.SettableClock;
import jamestls.outcome.ReportMailListener.LeavingReport;
import jamestls.tlsrpt.dkim.DkimVerifier;
import jamestls.tlsrpt.dkim.JdkimSignatures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DkimMonitorTest {

    private static final DomainName AUTHOR = DomainName.of("sender.example");
    private static final DomainName KEY_NAME = DomainName.of("sel._domainkey.sender.example");
    private static final byte[] UNSIGNED = "From: <tlsrpt@sender.example>\r\n\r\nreport\r\n".getBytes(StandardCharsets.US_ASCII);
    private static KeyPair key;
    private static byte[] signed;

    private final RecordingMetricFactory metrics = new RecordingMetricFactory();
    private final SettableClock clock = new SettableClock(Instant.parse("2026-03-02T00:10:00Z"));
    private final FakeDns dns = FakeDns.answeringOnly(FakeDns.Question.TXT);
    private final DkimMonitor monitor = new DkimMonitor(new DkimVerifier(dns), Counters.of(metrics), clock);

    @BeforeAll
    static void sign() {
        key = JdkimSignatures.rsaKey(2048);
        signed = JdkimSignatures.sign("v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=sel; "
            + "h=from:tls-report-domain:tls-report-submitter; bh=; b=;", key.getPrivate(), UNSIGNED);
    }

    @BeforeEach
    void publish() {
        dns.answer(FakeDns.Question.TXT, KEY_NAME, new DnsAnswer.Found<>(List.of(JdkimSignatures.record("v=DKIM1; p=", key)),
            Security.INSECURE, KEY_NAME));
    }

    @Test
    void validSignatureShouldBeVerifiedOnceADay() {
        verify(signed, 1);
        assertThat(monitor.isValid(AUTHOR)).isTrue();
        assertThat(monitor.problems()).isEmpty();

        send(UNSIGNED);
        clock.advance(Duration.ofHours(23));
        send(UNSIGNED);
        assertThat(metrics.countFor("tlsReportSignaturesChecked")).isEqualTo(1);
        clock.advance(Duration.ofHours(1));
        verify(UNSIGNED, 2);
        assertThat(monitor.isValid(AUTHOR)).isFalse();
    }

    @Test
    void unsignedMailShouldBeAProblemWithItsRemedyUntilOneIsSigned() {
        verify(UNSIGNED, 1);

        assertThat(monitor.problems()).singleElement().asString().contains("unsigned", "add DKIMSign with d=sender.example");
        assertThat(metrics.countFor("tlsReportSignaturesWorthless")).isEqualTo(1);
        send(signed);
        assertThat(monitor.problems()).isNotEmpty();
        clock.advance(Duration.ofMinutes(1));
        verify(signed, 2);
        assertThat(monitor.problems()).isEmpty();
    }

    @Test
    void failedLookupShouldNotReplaceAnEarlierResult() {
        verify(signed, 1);
        clock.advance(Duration.ofDays(1));
        dns.answer(FakeDns.Question.TXT, KEY_NAME, new DnsAnswer.Failed<>("SERVFAIL"));
        verify(signed, 2);
        assertThat(monitor.isValid(AUTHOR)).isTrue();
        clock.advance(Duration.ofMinutes(1));
        verify(UNSIGNED, 3);
        assertThat(monitor.isValid(AUTHOR)).isFalse();
    }

    @Test
    void failedLookupShouldBeNoProblem() {
        dns.answer(FakeDns.Question.TXT, KEY_NAME, new DnsAnswer.Failed<>("SERVFAIL"));
        verify(signed, 1);

        assertThat(monitor.isValid(AUTHOR)).isFalse();
        assertThat(monitor.problems()).isEmpty();
    }

    @Test
    void everyAuthorShouldBeVerified() {
        verify(signed, 1);
        monitor.leaving(new LeavingReport("m", Optional.of("reports@other.example"), out -> out.write(signed)));
        await().until(() -> metrics.countFor("tlsReportSignaturesChecked") == 2);

        assertThat(monitor.problems()).singleElement().asString().contains("come from other.example", "signed by 'sender.example'");
    }

    @Test
    void unreadableMailShouldNotBlockLaterVerifications() {
        assertThatCode(() -> monitor.leaving(new LeavingReport("m", Optional.of("tlsrpt@sender.example"), out -> {
            throw new IOException("gone");
        }))).doesNotThrowAnyException();
        monitor.leaving(new LeavingReport("m", Optional.empty(), out -> out.write(UNSIGNED)));
        verify(signed, 1);
    }

    private void verify(byte[] mail, int times) {
        await().until(() -> {
            send(mail);
            return metrics.countFor("tlsReportSignaturesChecked") == times;
        });
    }

    private void send(byte[] mail) {
        monitor.leaving(new LeavingReport("m", Optional.of("tlsrpt@sender.example"), out -> out.write(mail)));
    }
}
