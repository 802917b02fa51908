package jamestls.tlsrpt.send;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.MxRecord;
import jamestls.dns.Security;
import jamestls.fakeinternet.FakeDns;
import jamestls.fakeinternet.SettableClock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FromDomainCheckTest {

    private static final DomainName FROM = DomainName.of("sender.example");

    private final FakeDns dns = new FakeDns();
    private final SettableClock clock = new SettableClock(jamestls.tlsrpt.Samples.NOON);
    private final FromDomainCheck check = new FromDomainCheck(dns, List.of(FROM, FROM), clock);

    @Test
    void domainWithMxOrAddressShouldBeNoProblem() {
        dns.mx(Security.INSECURE, "sender.example", "mx.sender.example");
        check.refresh();
        assertThat(check.problems()).isEmpty();

        FakeDns byAddress = new FakeDns().address(Security.INSECURE, "sender.example");
        FromDomainCheck other = new FromDomainCheck(byAddress, List.of(FROM), clock);
        other.refresh();
        assertThat(other.problems()).isEmpty();
    }

    @Test
    void domainThatReceivesNoMailShouldBeAProblemUntilItDoes() {
        check.refresh();
        assertThat(check.problems()).singleElement().asString().contains("sender.example", "neither an MX record nor an address");

        dns.mx(Security.INSECURE, "sender.example", "mx.sender.example");
        clock.advance(Duration.ofMinutes(59));
        check.refresh();
        assertThat(check.problems()).hasSize(1);
        clock.advance(Duration.ofMinutes(1));
        check.refresh();
        assertThat(check.problems()).isEmpty();
    }

    @Test
    void nullMxShouldBeAProblem() {
        dns.answer(FakeDns.Question.MX, FROM, new DnsAnswer.Found<>(List.of(new MxRecord(0, Optional.empty())), Security.INSECURE, FROM));
        check.refresh();
        assertThat(check.problems()).singleElement().asString().contains("null MX");
    }

    @Test
    void failedLookupShouldBeNoProblem() {
        dns.answer(FakeDns.Question.MX, FROM, new DnsAnswer.Failed<>("SERVFAIL"));
        check.refresh();
        assertThat(check.problems()).isEmpty();
    }
}
