package jamestls.mtasts.sts;

import static jamestls.mtasts.sts.PolicyFixture.DOMAIN;
import static jamestls.mtasts.sts.PolicyFixture.REFUSED;
import static jamestls.mtasts.sts.PolicyFixture.policy;
import static jamestls.mtasts.sts.StsPolicy.Mode.ENFORCE;
import static jamestls.mtasts.sts.StsPolicy.Mode.NONE;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How long policies and failures are kept, and what drives them out: stories of other mail systems' caches. */
class PolicyAgeTest {

    private final PolicyFixture world = new PolicyFixture();

    @ParameterizedTest
    @ValueSource(ints = {1, 100, 3_600})
    void policyShouldBeFetchedAgainOnceItIsAsOldAsMaxAge(int maxAge) {
        world.publish("1", policy(ENFORCE, Duration.ofSeconds(maxAge)));
        assertMx("mail.example.com");

        world.pass(Duration.ofSeconds(maxAge).minusMillis(1));
        assertMx("mail.example.com");
        assertThat(world.fetches()).isOne();

        world.pass(Duration.ofMillis(1)).publish("1", policy(ENFORCE, Duration.ofSeconds(maxAge), "new.example.com"));
        assertMx("new.example.com");
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void failedFetchShouldBeRepeatedAfterFiveMinutesWhateverMaxAge() {
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        world.txt("v=STSv1; id=2").host(REFUSED).lookup();

        world.publish("2", policy(ENFORCE, Duration.ofDays(30), "new.example.com")).pass(Duration.ofSeconds(299));
        assertMx("mail.example.com");
        world.pass(Duration.ofSeconds(1));
        assertMx("new.example.com");
    }

    @Test
    void modeNoneShouldEndAPolicyAtTheNextDelivery() {
        // RFC 8461 §8.3: how a domain leaves MTA-STS
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        world.publish("2", policy(NONE, Duration.ofDays(1)));

        assertThat(world.lookup()).isInstanceOfSatisfying(StsLookup.Found.class, found -> {
            assertThat(found.policy().mode()).isEqualTo(NONE);
            assertThat(found.refreshProblem()).isEmpty();
        });
        world.txtGone().pass(Duration.ofDays(1));
        assertThat(world.lookup()).isInstanceOf(StsLookup.NoPolicy.class);
    }

    @Test
    void domainsWithoutPolicyShouldDriveNoPolicyOut() {
        MemoryPolicyStore store = new MemoryPolicyStore(2_500, Clock.systemUTC());
        PolicyFixture small = new PolicyFixture(store);
        small.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        StoredPolicy kept = store.find(DOMAIN).orElseThrow();
        small.host(REFUSED);
        for (int i = 0; i < 1_000; i++) {
            DomainName domain = DomainName.of("miss" + i + ".example");
            small.txtAt(domain, "v=STSv1; id=1").policies.lookup(domain);
        }

        assertThat(store.find(DOMAIN)).contains(kept);
    }

    @Test
    void refreshShouldTakeTheNewIdAndItsPolicy() {
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        world.publish("2", policy(ENFORCE, Duration.ofDays(30), "new.example.com")).pass(Duration.ofDays(1)).refresh();

        assertThat(world.store.find(DOMAIN)).hasValueSatisfying(stored -> {
            assertThat(stored.id()).isEqualTo("2");
            assertThat(stored.policy().mx()).containsExactly(new MxPattern("new.example.com"));
        });
        assertMx("new.example.com");
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void recordReplacedByAnUnrelatedOneShouldNotRemoveThePolicy() {
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        world.txt("some unrelated text");

        assertMx("mail.example.com");
    }

    @Test
    void unrelatedRecordBesideAGoodOneShouldNotMatter() {
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).txt("v=STSv1; id=1", "bogus");

        assertMx("mail.example.com");
    }

    @Test
    void recordThatChangesShouldBeReadAnewEachTime() {
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        world.publish("2", policy(ENFORCE, Duration.ofDays(30), "two.example.com"));
        assertMx("two.example.com");
        world.txtGone();
        assertMx("two.example.com");
        world.publish("3", policy(ENFORCE, Duration.ofDays(30), "three.example.com"));
        assertMx("three.example.com");
        assertThat(world.fetches()).isEqualTo(3);
    }

    @Test
    @Timeout(30)
    void readersShouldNotWaitForAWriter() throws InterruptedException {
        CountDownLatch saving = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        MemoryPolicyStore store = new MemoryPolicyStore();
        PolicyFixture shared = new PolicyFixture(store);
        StsPolicies policies = shared.restartedOver(slowToSave(store, saving, mayEnd));
        shared.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        DomainName other = DomainName.of("other.example");
        shared.txtAt(other, "v=STSv1; id=1");
        Thread writer = Thread.ofVirtual().start(() -> policies.lookup(other));
        assertThat(saving.await(20, TimeUnit.SECONDS)).isTrue();

        assertThat(policies.lookup(DOMAIN)).isInstanceOf(StsLookup.Found.class);
        assertThat(writer.isAlive()).isTrue();
        mayEnd.countDown();
        writer.join();
    }

    private static PolicyStore slowToSave(PolicyStore quick, CountDownLatch saving, CountDownLatch mayEnd) {
        return (PolicyStore) Proxy.newProxyInstance(PolicyStore.class.getClassLoader(), new Class<?>[] {PolicyStore.class},
            (proxy, method, arguments) -> {
                if (method.getName().equals("save")) {
                    saving.countDown();
                    mayEnd.await();
                }
                try {
                    return method.invoke(quick, arguments);
                } catch (InvocationTargetException e) {
                    throw e.getCause();
                }
            });
    }

    private void assertMx(String host) {
        assertThat(world.lookup()).isInstanceOfSatisfying(StsLookup.Found.class, found ->
            assertThat(found.policy().mx()).containsExactly(new MxPattern(host)));
    }
}
