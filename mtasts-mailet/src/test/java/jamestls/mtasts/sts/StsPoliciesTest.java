package jamestls.mtasts.sts;

import static jamestls.mtasts.sts.PolicyFixture.DOMAIN;
import static jamestls.mtasts.sts.PolicyFixture.REFUSED;
import static jamestls.mtasts.sts.PolicyFixture.policy;
import static jamestls.mtasts.sts.StsPolicy.Mode.ENFORCE;
import static jamestls.mtasts.sts.StsPolicy.Mode.NONE;
import static jamestls.mtasts.sts.StsPolicy.Mode.TESTING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a delivery gets to know, in every state of record, policy host and cache. */
class StsPoliciesTest {

    private static final Duration DAY = Duration.ofDays(1);
    private static final Duration MONTH = Duration.ofDays(30);

    private final PolicyFixture world = new PolicyFixture();

    @Test
    void domainWithoutRecordShouldHaveNoPolicyAndCostNoFetch() {
        assertThat(world.lookup()).isInstanceOf(StsLookup.NoPolicy.class);
        assertThat(world.fetches()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void publishedPolicyShouldBeFoundInEveryMode(StsPolicy.Mode mode) {
        world.publish("1", policy(mode, DAY));

        assertThat(found().policy().mode()).isEqualTo(mode);
        assertThat(found().refreshProblem()).isEmpty();
        assertThat(world.fetches()).isOne();
    }

    @Test
    void sameIdShouldNotBeFetchedAgainBeforeThePolicyExpires() {
        world.publish("1", policy(ENFORCE, Duration.ofSeconds(100)));
        found();
        world.pass(Duration.ofSeconds(99));
        found();
        assertThat(world.fetches()).isOne();

        world.pass(Duration.ofSeconds(1));
        found();
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void newIdShouldCountAtTheNextDelivery() {
        world.publish("1", policy(ENFORCE, MONTH, "old.example.com"));
        found();
        world.publish("2", policy(ENFORCE, MONTH, "new.example.com"));

        assertThat(found().policy().mx()).containsExactly(new MxPattern("new.example.com"));
        assertThat(found().policy().mx()).containsExactly(new MxPattern("new.example.com"));
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void failedRefetchShouldKeepThePolicyAndReportTheProblem() {
        // RFC 8461 §3.3, §6
        world.publish("1", policy(ENFORCE, MONTH));
        found();
        world.txt("v=STSv1; id=2").host(REFUSED);

        assertThat(found().policy().mode()).isEqualTo(ENFORCE);
        assertThat(found().refreshProblem())
            .contains("sts-policy-fetch-error (no connection: connection refused)");
        assertThat(world.alarms.unrefreshable()).hasSize(1);
    }

    @Test
    void brokenNewPolicyShouldKeepTheOldOne() {
        world.publish("1", policy(ENFORCE, MONTH));
        found();
        world.publish("2", "version: STSv1\nmode: enforce\n");

        assertThat(found().policy().mode()).isEqualTo(ENFORCE);
        assertThat(found().refreshProblem()).hasValueSatisfying(why -> assertThat(why).startsWith("sts-policy-invalid ("));
    }

    @Test
    void failedFetchShouldNotBeRepeatedWithinFiveMinutesForTheSameId() {
        // RFC 8461 §3.3
        world.txt("v=STSv1; id=1");
        assertThat(world.lookup()).isEqualTo(world.pass(Duration.ofSeconds(299)).lookup()).isInstanceOf(StsLookup.Unusable.class);
        assertThat(world.fetches()).isOne();

        world.pass(Duration.ofSeconds(1)).lookup();
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void failedRefetchShouldNotBeRepeatedWithinFiveMinutesEither() {
        world.publish("1", policy(ENFORCE, MONTH));
        found();
        world.txt("v=STSv1; id=2").host(REFUSED);
        found();
        found();
        assertThat(world.fetches()).isEqualTo(2);

        world.pass(FetchBackOff.PAUSE).publish("2", policy(TESTING, MONTH));
        assertThat(found().policy().mode()).isEqualTo(TESTING);
        assertThat(world.alarms.unrefreshable()).isEmpty();
    }

    @Test
    void backOffShouldSurviveARestart() {
        world.publish("1", policy(ENFORCE, MONTH));
        found();
        world.txt("v=STSv1; id=2").host(REFUSED);
        found();

        assertThat(world.restarted().lookup(DOMAIN)).isInstanceOf(StsLookup.Found.class);
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void newIdShouldBeFetchedInSpiteOfTheBackOffOfTheOldOne() {
        world.txt("v=STSv1; id=1");
        world.lookup();
        world.publish("2", policy(ENFORCE, MONTH));

        assertThat(found().policy().mode()).isEqualTo(ENFORCE);
    }

    @Test
    void promisedPolicyThatCannotBeHadShouldBeUnusableAndReportable() {
        world.txt("v=STSv1; id=1");

        assertThat(world.lookup()).isEqualTo(new StsLookup.Unusable(
            new Violation(ResultType.STS_POLICY_FETCH_ERROR, "no connection: connection refused"), List.of()));
    }

    @Test
    void absenceOfTheRecordShouldNotRemoveThePolicy() {
        // RFC 8461 §3.1; also a sign of an attack, so it is reported and raises an alarm
        world.publish("1", policy(ENFORCE, MONTH));
        found();
        world.txtGone();

        assertThat(found().policy().mode()).isEqualTo(ENFORCE);
        // no fetch was made, so the log, `explain` and the health check name no result type of one
        assertThat(found().refreshProblem()).contains("no TXT record at _mta-sts.example.com");
        assertThat(world.alarms.unrefreshable()).singleElement().satisfies(alarm -> {
            assertThat(alarm.domain()).isEqualTo(DOMAIN);
            assertThat(alarm.why()).isEqualTo("no TXT record at _mta-sts.example.com");
        });

        world.txt("v=spf1 -all");
        assertThat(found().policy().mode()).isEqualTo(ENFORCE);
        world.txt("v=STSv1; id=");
        assertThat(found().policy().mode()).isEqualTo(ENFORCE);
        world.txt("v=STSv1; id=1", "v=STSv1; id=1");
        assertThat(found().policy().mode()).isEqualTo(ENFORCE);
        assertThat(world.fetches()).isOne();

        world.txt("v=STSv1; id=1");
        assertThat(found().refreshProblem()).isEmpty();
        assertThat(world.alarms.unrefreshable()).isEmpty();
    }

    @Test
    void failingDnsShouldNotRemoveThePolicy() {
        world.publish("1", policy(ENFORCE, MONTH));
        found();

        world.txtFails(new DnsAnswer.Failed<>("SERVFAIL"));
        assertThat(found().policy().mode()).isEqualTo(ENFORCE);
        world.txtFails(new DnsAnswer.Bogus<>("signature expired"));
        assertThat(found().policy().mode()).isEqualTo(ENFORCE);
        assertThat(world.alarms.unrefreshable()).isEmpty();
    }

    @Test
    void failingDnsShouldNotHoldMailToADomainWithoutPolicy() {
        // one vector wants the mail deferred. RFC 8461 asks for that nowhere, and a domain whose MX can be looked up while this
        // TXT record cannot is far more often broken than attacked; the reason stays visible in the answer
        world.txtFails(new DnsAnswer.Failed<>("SERVFAIL"));

        assertThat(world.lookup())
            .isEqualTo(new StsLookup.NoPolicy("DNS look-up failed: TXT of _mta-sts.example.com: SERVFAIL"));
    }

    @Test
    void unusableRecordShouldBeNoPolicyWithoutFetch() {
        world.host(PolicyFixture.page(policy(ENFORCE, DAY))).txt("v=STSv1; id=not-an-id");

        assertThat(world.lookup()).isInstanceOf(StsLookup.NoPolicy.class);
        assertThat(world.fetches()).isZero();
    }

    @Test
    void expiredPolicyShouldNotApply() {
        world.publish("1", policy(ENFORCE, DAY));
        found();
        world.txtGone().pass(DAY.minusSeconds(1));
        assertThat(world.lookup()).isInstanceOf(StsLookup.Found.class);

        assertThat(world.pass(Duration.ofSeconds(1)).lookup()).isInstanceOf(StsLookup.NoPolicy.class);
        assertThat(world.policies.kept(DOMAIN)).as("for administrators").map(StoredPolicy::id).contains("1");
    }

    @Test
    void maxAgeZeroShouldApplyOnceAndReplaceWhatWasCached() {
        world.publish("1", policy(ENFORCE, MONTH));
        found();
        world.publish("2", policy(TESTING, Duration.ZERO));
        assertThat(found().policy().mode()).isEqualTo(TESTING);

        world.txtGone();
        assertThat(world.lookup()).isInstanceOf(StsLookup.NoPolicy.class);
    }

    @Test
    void fetchProblemsOfAPolicyInModeNoneShouldBeNobodysConcern() {
        // RFC 8461 §3.3, §6
        world.publish("1", policy(NONE, MONTH));
        found();
        world.txt("v=STSv1; id=2").host(REFUSED);

        assertThat(found().refreshProblem()).isEmpty();
        assertThat(world.alarms.unrefreshable()).isEmpty();
    }

    @Test
    void weakerPolicyShouldRaiseAnAlarm() {
        world.publish("1", policy(ENFORCE, MONTH));
        found();
        world.publish("2", policy(NONE, MONTH));
        found();
        world.publish("3", policy(ENFORCE, MONTH));
        found();
        assertThat(world.alarms.weakenings()).isOne();
    }

    @Test
    void thousandDeliveriesToAColdDomainShouldMakeOneFetch() {
        CountDownLatch gate = new CountDownLatch(1);
        world.txt("v=STSv1; id=1").hostDoes(() -> {
            waitFor(gate);
            return PolicyFixture.page(policy(ENFORCE, MONTH));
        });
        Queue<StsLookup> lookups = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < 1000; i++) {
            Thread.startVirtualThread(() -> lookups.add(world.lookup()));
        }
        await().until(() -> world.fetches() == 1);
        gate.countDown();

        await().untilAsserted(() -> assertThat(lookups).hasSize(1000));
        assertThat(lookups).allSatisfy(lookup -> assertThat(lookup).isInstanceOf(StsLookup.Found.class));
        assertThat(world.fetches()).isOne();
    }

    @Test
    void thousandDeliveriesToADeadPolicyHostShouldMakeOneFetch() {
        world.txt("v=STSv1; id=1");
        Queue<StsLookup> lookups = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < 1000; i++) {
            Thread.startVirtualThread(() -> lookups.add(world.lookup()));
        }

        await().untilAsserted(() -> assertThat(lookups).hasSize(1000));
        assertThat(lookups).hasOnlyElementsOfType(StsLookup.Unusable.class);
        assertThat(world.fetches()).isOne();
    }

    @Test
    void policyOfTheParentDomainShouldNotApply() {
        // RFC 8461 §3.4
        world.publish("1", policy(ENFORCE, MONTH));
        found();

        assertThat(world.policies.lookup(DomainName.of("sub.example.com"))).isInstanceOf(StsLookup.NoPolicy.class);
    }

    @Test
    void domainWithNoRoomForARecordShouldHaveNoPolicy() {
        DomainName longest = DomainName.of(("a".repeat(62) + ".").repeat(4));

        assertThat(world.policies.lookup(longest)).isInstanceOf(StsLookup.NoPolicy.class);
    }

    private static void waitFor(CountDownLatch gate) {
        try {
            assertThat(gate.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private StsLookup.Found found() {
        StsLookup lookup = world.lookup();
        assertThat(lookup).isInstanceOf(StsLookup.Found.class);
        return (StsLookup.Found) lookup;
    }

    @Test
    void recordWhoseIdChangesAllTheTimeShouldNotMakeAFetchForEachMail() {
        PolicyFixture world = new PolicyFixture();
        world.host(REFUSED);
        for (int mail = 0; mail < 20; mail++) {
            world.txt("v=STSv1; id=" + (mail % 2 == 0 ? "A" : "B"));
            assertThat(world.lookup()).isInstanceOf(StsLookup.Unusable.class);
        }
        assertThat(world.fetches()).as("two ids in turn").isEqualTo(2);

        for (int mail = 0; mail < 20; mail++) {
            world.txt("v=STSv1; id=C" + mail);
            assertThat(world.lookup()).isInstanceOf(StsLookup.Unusable.class);
        }
        assertThat(world.fetches()).as("ever new ids").isEqualTo(FetchBackOff.MAX_IDS);
        world.pass(FetchBackOff.PAUSE.plusSeconds(1)).lookup();
        assertThat(world.fetches()).isEqualTo(FetchBackOff.MAX_IDS + 1);
    }

    @Test
    void answerThatTheHttpLibraryStumblesOverShouldBeAFailedFetch() {
        PolicyFixture world = new PolicyFixture();
        world.txt("v=STSv1; id=1").hostDoes(() -> {
            throw new IllegalArgumentException("Status code out of range: 0");
        });

        assertThat(world.lookup()).isInstanceOfSatisfying(StsLookup.Unusable.class, unusable ->
            assertThat(unusable.problem().type()).isEqualTo(ResultType.STS_POLICY_FETCH_ERROR));
    }

    @Test
    void policyFetchedWhileTheClockWasAheadShouldBeFetchedAnew() {
        PolicyFixture world = new PolicyFixture();
        world.pass(Duration.ofDays(30)).publish("1", policy(ENFORCE, Duration.ofDays(90), "old.example.com")).lookup();
        world.pass(Duration.ofDays(-30)).publish("1", policy(ENFORCE, Duration.ofDays(90), "new.example.com"));

        assertThat(((StsLookup.Found) world.restarted().lookup(DOMAIN)).policy().mx()).containsExactly(new MxPattern("new.example.com"));
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void recordThatReturnsToTheCachedIdShouldEndTheProblem() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.txt("v=STSv1; id=2").host(REFUSED);
        assertThat(found().refreshProblem()).isPresent();

        world.txt("v=STSv1; id=1");
        assertThat(found().refreshProblem()).isEmpty();
        assertThat(world.alarms.unrefreshable()).isEmpty();
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void idThatFailedShouldBeFetchedAtOnceAfterAnotherHasSucceeded() {
        world.txt("v=STSv1; id=1");
        assertThat(world.lookup()).isInstanceOf(StsLookup.Unusable.class);
        world.publish("2", policy(ENFORCE, MONTH));
        found();
        world.publish("1", policy(TESTING, MONTH));

        assertThat(found().policy().mode()).isEqualTo(TESTING);
    }

    @Test
    void invalidPolicyShouldBeQuotedUnlessOneIsCached() {
        // RFC 8460 §4.5: the policy that applies is quoted
        world.publish("1", "version: STSv1\nmode: enforced\n");
        assertThat(world.lookup()).isInstanceOfSatisfying(StsLookup.Unusable.class, unusable ->
            assertThat(unusable.declared()).containsExactly("version: STSv1", "mode: enforced"));

        world.publish("2", policy(ENFORCE, MONTH)).lookup();
        world.publish("3", "version: STSv1\nmode: enforced\n").lookup();
        assertThat(world.policies.kept(DOMAIN).flatMap(StoredPolicy::failure)).hasValueSatisfying(failure -> {
            assertThat(failure.problem().type()).isEqualTo(ResultType.STS_POLICY_INVALID);
            assertThat(failure.declared()).isEmpty();
        });
    }
}
