package jamestls.mtasts.sts;

import static jamestls.mtasts.sts.PolicyFixture.DOMAIN;
import static jamestls.mtasts.sts.PolicyFixture.policy;
import static jamestls.mtasts.sts.StsPolicy.Mode.ENFORCE;
import static jamestls.mtasts.sts.StsPolicy.Mode.NONE;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The fetch that an administrator asks for with {@code retry}. */
class FetchNowTest {

    private static final Duration MONTH = Duration.ofDays(30);

    private final PolicyFixture world = new PolicyFixture();

    @Test
    void policyThatWasMendedUnderTheSameIdShouldCountAtOnce() {
        world.publish("1", policy(ENFORCE, MONTH));
        world.lookup();
        world.publish("1", policy(NONE, MONTH));

        world.policies.fetchNow(DOMAIN);

        assertThat(world.lookup()).isInstanceOfSatisfying(StsLookup.Found.class,
            found -> assertThat(found.policy().mode()).isEqualTo(NONE));
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void restAfterAFailureShouldNotBeWaitedFor() {
        world.txt("v=STSv1; id=1");
        assertThat(world.lookup()).isInstanceOf(StsLookup.Unusable.class);
        world.publish("1", policy(ENFORCE, MONTH));

        world.policies.fetchNow(DOMAIN);

        assertThat(world.lookup()).isInstanceOf(StsLookup.Found.class);
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void repeatedFailuresOfOneIdShouldNotHoldUpAnother() {
        world.txt("v=STSv1; id=1");
        for (int fetch = 0; fetch < FetchBackOff.MAX_IDS; fetch++) {
            world.policies.fetchNow(DOMAIN);
        }
        world.publish("2", policy(ENFORCE, MONTH));

        assertThat(world.lookup()).isInstanceOf(StsLookup.Found.class);
    }

    @Test
    void failureShouldKeepThePolicy() {
        world.publish("1", policy(ENFORCE, MONTH));
        world.lookup();
        world.host(PolicyFixture.REFUSED);

        world.policies.fetchNow(DOMAIN);

        assertThat(world.lookup()).isInstanceOfSatisfying(StsLookup.Found.class,
            found -> assertThat(found.policy().mode()).isEqualTo(ENFORCE));
    }

    @Test
    void domainWithoutRecordShouldCostNoFetch() {
        world.policies.fetchNow(DOMAIN);

        assertThat(world.fetches()).isZero();
    }
}
