package jamestls.mtasts.sts;

import static jamestls.mtasts.sts.PolicyFixture.REFUSED;
import static jamestls.mtasts.sts.PolicyFixture.page;
import static jamestls.mtasts.sts.PolicyFixture.policy;
import static jamestls.mtasts.sts.StsPolicy.Mode.ENFORCE;
import static jamestls.mtasts.sts.StsPolicy.Mode.NONE;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DnsAnswer;
import jamestls.mtasts.sts.UnreportedFetches.FailedFetch;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which failed fetches are to be reported (RFC 8461 §6), by docs/reference/counting.md. */
class UnreportedFetchesTest {

    private static final Duration MONTH = Duration.ofDays(30);

    private final PolicyFixture world = new PolicyFixture();

    @Test
    void fetchThatFailedForADeliveryShouldBeReportedOnce() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.txt("v=STSv1; id=2").host(REFUSED);

        FailedFetch failed = failedFetch().orElseThrow();
        assertThat(failed.problem()).isEqualTo(new Violation(ResultType.STS_POLICY_FETCH_ERROR, "no connection: connection refused"));
        assertThat(failedFetch()).as("no session has reported it yet").contains(failed);
        assertThat(failed.enterReport(world.now())).isTrue();
        assertThat(failed.enterReport(world.now())).isFalse();
        assertThat(failedFetch()).as("mails within the five minutes make no fetch").isEmpty();
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void eachFetchThatFailsForADeliveryShouldBeReported() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.txt("v=STSv1; id=2").host(REFUSED);

        for (int fetch = 0; fetch < 3; fetch++) {
            assertThat(failedFetch().orElseThrow().enterReport(world.now())).isTrue();
            world.pass(FetchBackOff.PAUSE);
        }
    }

    @Test
    void failureShouldWaitForTheNextSessionAlsoPastASuccess() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.txt("v=STSv1; id=2").host(REFUSED).lookup();
        world.pass(FetchBackOff.PAUSE).publish("2", policy(ENFORCE, MONTH));

        assertThat(failedFetch()).isPresent();
        assertThat(failedFetch().orElseThrow().enterReport(world.now())).isTrue();
        assertThat(failedFetch()).isEmpty();
    }

    @Test
    void recheckThatFailsShouldBeReported() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        StsPolicy rejected = ((StsLookup.Found) world.lookup()).policy();
        world.host(REFUSED).pass(FetchBackOff.PAUSE);

        assertThat(world.policies.recheck(PolicyFixture.DOMAIN, rejected)).isEmpty();
        assertThat(failedFetch()).isPresent();
    }

    @Test
    void failingRefreshShouldBeReportedOnceADay() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.host(REFUSED).pass(Duration.ofDays(1)).refresh();
        assertThat(failedFetch().orElseThrow().enterReport(world.now())).isTrue();

        world.pass(Duration.ofHours(1)).refresh();
        assertThat(world.fetches()).as("it failed again").isEqualTo(3);
        failedFetch().ifPresent(again -> assertThat(again.enterReport(world.now())).isFalse());

        world.pass(Duration.ofDays(1)).refresh();
        assertThat(failedFetch().orElseThrow().enterReport(world.now())).isTrue();
    }

    @Test
    void failureOfADeliveryShouldNotBeHiddenByOneOfTheRefresh() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.host(REFUSED).pass(Duration.ofDays(1)).refresh();
        assertThat(failedFetch().orElseThrow().enterReport(world.now())).isTrue();

        world.txt("v=STSv1; id=2").lookup();
        world.pass(Duration.ofHours(1)).refresh();
        assertThat(failedFetch().orElseThrow().enterReport(world.now())).isTrue();
    }

    @Test
    void missingOrUnknownRecordShouldBeNoFetch() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.txtGone();
        assertThat(failedFetch()).isEmpty();
        world.txtFails(new DnsAnswer.Failed<>("SERVFAIL"));
        assertThat(failedFetch()).isEmpty();
        world.pass(Duration.ofDays(1)).refresh();

        assertThat(failedFetch()).isEmpty();
        assertThat(((StsLookup.Found) world.lookup()).refreshProblem()).as("for people").isPresent();
    }

    @Test
    void modeNoneShouldReportNothing() {
        world.publish("1", policy(NONE, MONTH)).lookup();
        world.txt("v=STSv1; id=2").host(REFUSED);
        assertThat(failedFetch()).isEmpty();
        world.pass(Duration.ofDays(1)).refresh();
        assertThat(failedFetch()).isEmpty();

        world.pass(FetchBackOff.PAUSE).host(page(policy(ENFORCE, MONTH)));
        assertThat(failedFetch()).isEmpty();
    }

    @Test
    void policyThatEndsShouldTakeItsFailureWithIt() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.txt("v=STSv1; id=2").host(REFUSED).lookup();
        world.pass(FetchBackOff.PAUSE).publish("2", policy(NONE, MONTH));

        assertThat(failedFetch()).isEmpty();
    }

    private Optional<FailedFetch> failedFetch() {
        return ((StsLookup.Found) world.lookup()).failedFetch();
    }
}
