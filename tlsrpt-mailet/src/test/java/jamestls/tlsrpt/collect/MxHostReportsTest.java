package jamestls.tlsrpt.collect;

import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.peer;
import static jamestls.tlsrpt.Samples.sts;
import static jamestls.tlsrpt.Samples.tlsa;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.PolicyVerdict;
import jamestls.outcome.TlsOutcome;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MxHostReportsTest {

    private final List<TlsOutcome> counted = new ArrayList<>();
    private final MxHostReports reports = new MxHostReports(counted::addAll);

    @Test
    void sessionUnderDaneShouldCountForTheMxHostAsWell() {
        TlsOutcome outcome = new TlsOutcome(NOON, RCPT, peer(), List.of(new PolicyVerdict.Met(tlsa()), new PolicyVerdict.Met(sts())));

        reports.record(List.of(outcome));

        assertThat(counted).hasSize(2).startsWith(outcome);
        assertThat(counted.getLast().recipientDomain()).isEqualTo(tlsa().policyDomain());
        assertThat(counted.getLast().verdicts()).containsExactly(new PolicyVerdict.Met(tlsa()));
        assertThat(counted.getLast().at()).isEqualTo(NOON);
    }

    @Test
    void hostThatIsTheRecipientDomainShouldNotCountTwice() {
        AppliedPolicy own = new AppliedPolicy(tlsa().type(), RCPT, tlsa().policyStrings(), List.of());

        reports.record(List.of(new TlsOutcome(NOON, RCPT, peer(), List.of(new PolicyVerdict.Met(own)))));

        assertThat(counted).hasSize(1);
    }

    @Test
    void sessionWithoutDaneShouldCountOnce() {
        reports.record(List.of(new TlsOutcome(NOON, RCPT, peer(), List.of(new PolicyVerdict.Met(sts())))));

        assertThat(counted).hasSize(1);
    }
}
