package jamestls.mtasts.sts;

import static jamestls.mtasts.sts.PolicyFixture.DOMAIN;
import static jamestls.mtasts.sts.PolicyFixture.policy;
import static jamestls.mtasts.sts.StsPolicy.Mode.ENFORCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DomainName;
import jamestls.mtasts.sts.StsPolicies.StoreHealth;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A store that breaks must not stop mail, nor cost a policy. */
class CachingPolicyStoreTest extends PolicyStoreContract {

    private static final DomainName OTHER = DomainName.of("other.example");

    private final Breakable lasting = new Breakable();

    @Override
    PolicyStore store() {
        return new CachingPolicyStore(new MemoryPolicyStore(), Clock.systemUTC());
    }

    @Test
    void policyInUseShouldApplyWhileTheStoreIsDown() {
        PolicyFixture world = new PolicyFixture(lasting);
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        lasting.broken = true;
        world.txtGone();

        assertThat(world.lookup()).isInstanceOf(StsLookup.Found.class);
    }

    @Test
    void newPolicyShouldApplyWhileTheStoreIsDownAndBeRefreshed() {
        lasting.broken = true;
        PolicyFixture world = new PolicyFixture(lasting);
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
        PolicyFixture world = new PolicyFixture(lasting);
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        assertThat(lasting.kept.find(DOMAIN)).isEmpty();
        lasting.broken = false;
        world.pass(CircuitBreaker.REST).publish("2", policy(ENFORCE, Duration.ofDays(30))).lookup();

        assertThat(lasting.kept.find(DOMAIN)).map(StoredPolicy::id).contains("2");
    }

    @Test
    void policiesAndFailuresOfAnOutageShouldReachTheStoreWhenItIsBack() {
        lasting.broken = true;
        PolicyFixture world = new PolicyFixture(lasting);
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        world.txtAt(OTHER, "v=STSv1; id=7").host(PolicyFixture.REFUSED).policies.lookup(OTHER);
        assertThat(world.policies.storeHealth().outOfOrderSince()).contains(world.now());
        assertThat(world.policies.storeHealth().why()).isEqualTo("the disk is gone");
        assertThat(world.policies.storeHealth().unsaved()).isEqualTo(2);

        lasting.broken = false;
        world.pass(CircuitBreaker.REST).refresh();
        assertThat(lasting.kept.find(DOMAIN)).map(StoredPolicy::id).contains("1");
        assertThat(lasting.kept.findFailure(OTHER)).map(FetchFailure::id).contains("7");
        assertThat(world.policies.storeHealth()).isEqualTo(new StoreHealth(Optional.empty(), "", 0));
    }

    @Test
    void storeThatIsDownShouldBeLeftAloneForAWhile() {
        lasting.broken = true;
        PolicyFixture world = new PolicyFixture(lasting);
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        int asked = lasting.asked.get();
        world.lookup();
        world.pass(CircuitBreaker.REST.minusMillis(1)).txtGone().lookup();
        assertThat(lasting.asked).hasValue(asked);

        world.pass(Duration.ofMillis(1)).lookup();
        assertThat(lasting.asked).hasValue(asked + 1);
    }

    @Test
    void backOffShouldSurviveARestartWithoutAPolicy() {
        // RFC 8461 §3.3
        PolicyFixture world = new PolicyFixture(lasting);
        world.txt("v=STSv1; id=1").host(PolicyFixture.REFUSED).lookup();
        world.host(PolicyFixture.page(policy(ENFORCE, Duration.ofDays(30))));

        assertThat(world.restarted().lookup(DOMAIN)).isInstanceOf(StsLookup.Unusable.class);
        assertThat(world.fetches()).isOne();
        world.pass(FetchBackOff.PAUSE);
        assertThat(world.restarted().lookup(DOMAIN)).isInstanceOf(StsLookup.Found.class);
    }

    @Test
    void useShouldReachTheStoreWithTheNextRound() {
        PolicyFixture world = new PolicyFixture(lasting);
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        world.pass(Duration.ofHours(2)).lookup();
        assertThat(lasting.kept.find(DOMAIN)).map(StoredPolicy::lastUsed).contains(world.now().minus(Duration.ofHours(2)));

        world.refresh();
        assertThat(lasting.kept.find(DOMAIN)).map(StoredPolicy::lastUsed).contains(world.now());
    }

    @Test
    void useShouldBeWrittenOnceAndAtMostOnceAnHour() {
        PolicyFixture world = new PolicyFixture(lasting);
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        world.pass(Duration.ofHours(1)).lookup();
        world.policies.settle();
        assertThat(lasting.writtenUses).hasValue(0);

        world.pass(Duration.ofMillis(1)).lookup();
        world.policies.settle();
        world.policies.settle();
        assertThat(lasting.writtenUses).hasValue(1);
    }

    @Test
    void useShouldAlsoBeNotedWhileTheRecordIsMissing() {
        PolicyFixture world = new PolicyFixture(lasting);
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        world.pass(Duration.ofHours(2)).txtGone().lookup();
        world.policies.settle();

        assertThat(lasting.kept.find(DOMAIN)).map(StoredPolicy::lastUsed).contains(world.now());
    }

    @Test
    void laterOfTwoFailuresShouldCount() {
        Violation problem = new Violation(ResultType.STS_POLICY_FETCH_ERROR, "HTTP 503");
        Instant now = Instant.parse("2026-03-01T12:00:00Z");
        CachingPolicyStore store = new CachingPolicyStore(lasting, Clock.fixed(now, ZoneOffset.UTC));
        FetchFailure first = new FetchFailure("1", now.plusSeconds(100), problem);
        FetchFailure second = new FetchFailure("2", now.plusSeconds(200), problem);
        FetchFailure third = new FetchFailure("3", now.plusSeconds(300), problem);
        store.saveFailure(DOMAIN, second);

        lasting.kept.saveFailure(DOMAIN, first);
        assertThat(store.findFailureAgain(DOMAIN)).as("this server's").contains(second);
        lasting.kept.saveFailure(DOMAIN, third);
        assertThat(store.findFailureAgain(DOMAIN)).as("another server's").contains(third);
    }

    @Test
    void policyRefreshedByAnotherServerShouldBeUsedWhereItWasCachedBefore() {
        PolicyFixture world = new PolicyFixture(lasting);
        StsPolicies other = world.restarted();
        world.publish("1", policy(ENFORCE, Duration.ofDays(2))).lookup();
        other.lookup(DOMAIN);
        world.pass(Duration.ofDays(1)).publish("1", policy(ENFORCE, Duration.ofDays(2), "new.example.com")).refresh();
        assertThat(((StsLookup.Found) other.lookup(DOMAIN)).policy().mx()).containsExactly(new MxPattern("new.example.com"));

        world.pass(Duration.ofDays(1)).txtGone();
        assertThat(other.lookup(DOMAIN)).isInstanceOf(StsLookup.Found.class);
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void serversThatShareAStoreShouldFetchOnce() {
        PolicyFixture world = new PolicyFixture(lasting);
        StsPolicies other = world.restarted();
        CountDownLatch fetching = new CountDownLatch(1);
        CountDownLatch mayAnswer = new CountDownLatch(1);
        world.txt("v=STSv1; id=1").hostDoes(() -> {
            fetching.countDown();
            awaitUninterruptibly(mayAnswer);
            return PolicyFixture.page(policy(ENFORCE, Duration.ofDays(30)));
        });
        CompletableFuture<StsLookup> one = CompletableFuture.supplyAsync(world::lookup, Thread::startVirtualThread);
        awaitUninterruptibly(fetching);
        int asked = lasting.asked.get();
        CompletableFuture<StsLookup> two = CompletableFuture.supplyAsync(() -> other.lookup(DOMAIN), Thread::startVirtualThread);
        await().untilAsserted(() -> assertThat(lasting.asked).hasValueGreaterThan(asked + 6));
        mayAnswer.countDown();

        assertThat(one.join()).isInstanceOf(StsLookup.Found.class);
        assertThat(two.join()).isInstanceOf(StsLookup.Found.class);
        assertThat(world.fetches()).isOne();
    }

    @Test
    void serverThatHasFetchedShouldMakeNobodyWait() {
        PolicyFixture world = new PolicyFixture(lasting);
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();

        assertThat(lasting.kept.claim(DOMAIN, "another server", world.now(), world.now().plus(FetchLease.LEASE))).isTrue();
    }

    @Test
    void serverThatDiedWhileFetchingShouldNotBlockTheOthers() {
        PolicyFixture world = new PolicyFixture(lasting);
        lasting.kept.claim(DOMAIN, "the dead", world.now(), world.now().plus(FetchLease.LEASE));
        world.publish("1", policy(ENFORCE, Duration.ofDays(30)));
        CompletableFuture<StsLookup> lookup = CompletableFuture.supplyAsync(world::lookup, Thread::startVirtualThread);
        await().untilAsserted(() -> assertThat(lasting.asked).hasValueGreaterThan(6));
        assertThat(lookup).isNotDone();
        world.pass(FetchLease.LEASE);

        assertThat(lookup.join()).isInstanceOf(StsLookup.Found.class);
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void policyShouldSurviveARestart() {
        PolicyFixture world = new PolicyFixture(lasting);
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        world.txtGone();

        assertThat(world.restarted().lookup(DOMAIN)).isInstanceOf(StsLookup.Found.class);
        assertThat(world.fetches()).isOne();
    }

    @Test
    void policyFetchedByAnotherServerShouldBeUsedBeforeFetching() {
        PolicyFixture world = new PolicyFixture(lasting);
        StsPolicies other = world.restarted();
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        other.lookup(DOMAIN);
        world.pass(Duration.ofSeconds(1)).publish("2", policy(ENFORCE, Duration.ofDays(30), "new.example.com")).lookup();

        assertThat(((StsLookup.Found) other.lookup(DOMAIN)).policy().mx()).containsExactly(new MxPattern("new.example.com"));
        assertThat(world.fetches()).isEqualTo(2);
    }

    private static final class Breakable implements PolicyStore {

        private final PolicyStore kept = new MemoryPolicyStore();
        private final AtomicInteger asked = new AtomicInteger();
        private final AtomicInteger writtenUses = new AtomicInteger();
        private volatile boolean broken;

        private PolicyStore reached() {
            asked.incrementAndGet();
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
        public void used(Map<DomainName, Instant> lastUses) {
            reached().used(lastUses);
            writtenUses.incrementAndGet();
        }

        @Override
        public List<StoredPolicy> due(Instant now, Instant usedSince, int limit) {
            return reached().due(now, usedSince, limit);
        }

        @Override
        public void removeExpired(Instant now) {
            reached().removeExpired(now);
        }

        @Override
        public void saveFailure(DomainName domain, FetchFailure failure) {
            reached().saveFailure(domain, failure);
        }

        @Override
        public Optional<FetchFailure> findFailure(DomainName domain) {
            return reached().findFailure(domain);
        }

        @Override
        public boolean claim(DomainName domain, String claimant, Instant now, Instant until) {
            return reached().claim(domain, claimant, now, until);
        }

        @Override
        public void release(DomainName domain, String claimant) {
            reached().release(domain, claimant);
        }
    }
}
