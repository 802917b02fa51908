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
    private final DkimMonitor watch = new DkimMonitor(new DkimVerifier(dns), Counters.of(metrics), clock);

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
    void signatureThatHoldsShouldBeLookedAtOnceADay() {
        look(signed, 1);
        assertThat(watch.holds(AUTHOR)).isTrue();
        assertThat(watch.problems()).isEmpty();

        leave(UNSIGNED);
        clock.advance(Duration.ofHours(23));
        leave(UNSIGNED);
        assertThat(metrics.countFor("tlsReportSignaturesChecked")).isEqualTo(1);
        clock.advance(Duration.ofHours(1));
        look(UNSIGNED, 2);
        assertThat(watch.holds(AUTHOR)).isFalse();
    }

    @Test
    void unsignedMailShouldBeATroubleWithItsRemedyUntilOneIsSigned() {
        look(UNSIGNED, 1);

        assertThat(watch.problems()).singleElement().asString().contains("unsigned", "add DKIMSign with d=sender.example");
        assertThat(metrics.countFor("tlsReportSignaturesWorthless")).isEqualTo(1);
        leave(signed);
        assertThat(watch.problems()).isNotEmpty();
        clock.advance(Duration.ofMinutes(1));
        look(signed, 2);
        assertThat(watch.problems()).isEmpty();
    }

    @Test
    void silenceOfDnsShouldSayNothingAgainstWhatWasFound() {
        look(signed, 1);
        clock.advance(Duration.ofDays(1));
        dns.answer(FakeDns.Question.TXT, KEY_NAME, new DnsAnswer.Failed<>("SERVFAIL"));
        look(signed, 2);
        assertThat(watch.holds(AUTHOR)).isTrue();
        clock.advance(Duration.ofMinutes(1));
        look(UNSIGNED, 3);
        assertThat(watch.holds(AUTHOR)).isFalse();
    }

    @Test
    void silenceOfDnsShouldBeNoTrouble() {
        dns.answer(FakeDns.Question.TXT, KEY_NAME, new DnsAnswer.Failed<>("SERVFAIL"));
        look(signed, 1);

        assertThat(watch.holds(AUTHOR)).isFalse();
        assertThat(watch.problems()).isEmpty();
    }

    @Test
    void everyAuthorShouldBeLookedAt() {
        look(signed, 1);
        watch.leaving(new LeavingReport("m", Optional.of("reports@other.example"), out -> out.write(signed)));
        await().until(() -> metrics.countFor("tlsReportSignaturesChecked") == 2);

        assertThat(watch.problems()).singleElement().asString().contains("come from other.example", "signed by 'sender.example'");
    }

    @Test
    void mailThatCantBeReadShouldHoldUpNothing() {
        assertThatCode(() -> watch.leaving(new LeavingReport("m", Optional.of("tlsrpt@sender.example"), out -> {
            throw new IOException("gone");
        }))).doesNotThrowAnyException();
        watch.leaving(new LeavingReport("m", Optional.empty(), out -> out.write(UNSIGNED)));
        look(signed, 1);
    }

    private void look(byte[] mail, int times) {
        await().until(() -> {
            leave(mail);
            return metrics.countFor("tlsReportSignaturesChecked") == times;
        });
    }

    private void leave(byte[] mail) {
        watch.leaving(new LeavingReport("m", Optional.of("tlsrpt@sender.example"), out -> out.write(mail)));
    }
}
