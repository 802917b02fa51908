package jamestls.mtasts.sts;

import static jamestls.mtasts.sts.PolicyFixture.DOMAIN;
import static jamestls.mtasts.sts.PolicyFixture.REFUSED;
import static jamestls.mtasts.sts.PolicyFixture.policy;
import static jamestls.mtasts.sts.StsPolicy.Mode.ENFORCE;
import static jamestls.mtasts.sts.StsPolicy.Mode.NONE;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Whether a policy that leaves no host is fetched again before a mail fails (RFC 8461 §5.1). */
class RecheckTest {

    private static final Duration MONTH = Duration.ofDays(30);

    private final PolicyFixture world = new PolicyFixture();

    @Test
    void recheckShouldFindAPolicyThatChangedUnderTheSameId() {
        world.publish("1", policy(ENFORCE, MONTH, "old.example.com"));
        StsPolicy old = found().policy();
        world.publish("1", policy(ENFORCE, MONTH, "new.example.com")).pass(FetchBackOff.PAUSE);

        assertThat(world.policies.recheck(DOMAIN, old)).map(StsPolicy::mx)
            .hasValueSatisfying(mx -> assertThat(mx).containsExactly(new MxPattern("new.example.com")));
        assertThat(found().policy().mx()).containsExactly(new MxPattern("new.example.com"));
        // someone else who still holds the old one is told without another fetch
        assertThat(world.policies.recheck(DOMAIN, old)).isPresent();
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void recheckShouldFetchOnceInFiveMinutesAtMost() {
        world.publish("1", policy(ENFORCE, MONTH));
        StsPolicy policy = found().policy();

        assertThat(world.policies.recheck(DOMAIN, policy)).isEmpty();
        assertThat(world.fetches()).isOne();
        world.pass(FetchBackOff.PAUSE);
        assertThat(world.policies.recheck(DOMAIN, policy)).isEmpty();
        assertThat(world.policies.recheck(DOMAIN, policy)).isEmpty();
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void failedRecheckShouldLeaveThePolicyAndBackOff() {
        world.publish("1", policy(ENFORCE, MONTH));
        StsPolicy policy = found().policy();
        world.host(REFUSED).pass(FetchBackOff.PAUSE);

        assertThat(world.policies.recheck(DOMAIN, policy)).isEmpty();
        assertThat(world.policies.recheck(DOMAIN, policy)).isEmpty();
        assertThat(world.fetches()).isEqualTo(2);
        assertThat(found().policy()).isEqualTo(policy);
    }

    @Test
    void recheckShouldNoticeANewId() {
        // RFC 8461 §5.1
        world.publish("1", policy(ENFORCE, MONTH));
        StsPolicy old = found().policy();
        world.publish("2", policy(NONE, MONTH));

        assertThat(world.policies.recheck(DOMAIN, old)).map(StsPolicy::mode).isEqualTo(Optional.of(NONE));
    }

    private StsLookup.Found found() {
        StsLookup lookup = world.lookup();
        assertThat(lookup).isInstanceOf(StsLookup.Found.class);
        return (StsLookup.Found) lookup;
    }
}
