package jamestls.mtasts.sts;

import static jamestls.mtasts.sts.PolicyWorld.DOMAIN;
import static jamestls.mtasts.sts.PolicyWorld.policy;
import static jamestls.mtasts.sts.StsPolicy.Mode.ENFORCE;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.mtasts.dns.DomainName;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A store that breaks must not stop mail, nor cost a policy. */
class OutageProofStoreTest extends PolicyStoreContract {

    private final Breakable lasting = new Breakable();

    @Override
    PolicyStore store() {
        return new OutageProofStore(new MemoryPolicyStore());
    }

    @Test
    void policyInUseShouldApplyWhileTheStoreIsDown() {
        PolicyWorld world = new PolicyWorld(lasting);
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        lasting.broken = true;
        world.txtGone();

        assertThat(world.lookup()).isInstanceOf(StsLookup.Found.class);
    }

    @Test
    void newPolicyShouldApplyWhileTheStoreIsDownAndBeRefreshed() {
        lasting.broken = true;
        PolicyWorld world = new PolicyWorld(lasting);
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        world.lookup();
        assertThat(world.fetches()).isOne();

        world.pass(Duration.ofDays(1)).refresh();
        assertThat(world.fetches()).isEqualTo(2);
        world.txtGone();
        assertThat(world.lookup()).isInstanceOf(StsLookup.Found.class);
    }

    @Test
    void refreshShouldBringTheStoreUpToDateAfterAnOutage() {
        lasting.broken = true;
        PolicyWorld world = new PolicyWorld(lasting);
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        assertThat(lasting.kept.find(DOMAIN)).isEmpty();
        lasting.broken = false;
        world.publish("2", policy(ENFORCE, Duration.ofDays(30))).lookup();

        assertThat(lasting.kept.find(DOMAIN)).map(StoredPolicy::id).contains("2");
    }

    @Test
    void policyShouldSurviveARestart() {
        PolicyWorld world = new PolicyWorld(lasting);
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        world.txtGone();

        assertThat(world.restarted().lookup(DOMAIN)).isInstanceOf(StsLookup.Found.class);
        assertThat(world.fetches()).isOne();
    }

    @Test
    void policyFetchedByAnotherServerShouldBeUsedBeforeFetching() {
        PolicyWorld world = new PolicyWorld(lasting);
        StsPolicies other = world.restarted();
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        other.lookup(DOMAIN);
        world.pass(Duration.ofSeconds(1)).publish("2", policy(ENFORCE, Duration.ofDays(30), "new.example.com")).lookup();

        assertThat(((StsLookup.Found) other.lookup(DOMAIN)).policy().mx()).containsExactly(new MxPattern("new.example.com"));
        assertThat(world.fetches()).isEqualTo(2);
    }

    private static final class Breakable implements PolicyStore {

        private final PolicyStore kept = new MemoryPolicyStore();
        private volatile boolean broken;

        private PolicyStore reached() {
            if (broken) {
                throw new IllegalStateException("the disk is gone");
            }
            return kept;
        }

        @Override
        public Optional<StoredPolicy> find(DomainName domain) {
            return reached().find(domain);
        }

        @Override
        public void save(StoredPolicy policy) {
            reached().save(policy);
        }

        @Override
        public void used(DomainName domain, Instant at) {
            reached().used(domain, at);
        }

        @Override
        public List<StoredPolicy> due(Instant now, Instant usedSince, int limit) {
            return reached().due(now, usedSince, limit);
        }

        @Override
        public void removeExpired(Instant now) {
            reached().removeExpired(now);
        }
    }
}
