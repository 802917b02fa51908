package jamestls.mtasts.sts;

import static jamestls.mtasts.sts.PolicyFixture.DOMAIN;
import static jamestls.mtasts.sts.PolicyFixture.REFUSED;
import static jamestls.mtasts.sts.PolicyFixture.policy;
import static jamestls.mtasts.sts.StsPolicy.Mode.ENFORCE;
import static jamestls.mtasts.sts.StsPolicy.Mode.NONE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DnsAnswer;
import jamestls.fakeinternet.FakeDns;
import jamestls.fakeinternet.FaultInjector;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PolicyRefresherTest {

    private static final Duration MONTH = Duration.ofDays(30);
    private static final Duration HALF_DAY = Duration.ofHours(12);

    private final PolicyFixture world = new PolicyFixture();

    @Test
    void policyShouldBeRefreshedOnceWithinADay() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();

        world.pass(HALF_DAY.minusSeconds(1)).refresh();
        assertThat(world.fetches()).isOne();
        world.pass(HALF_DAY.plusSeconds(1)).refresh();
        world.refresh();
        assertThat(world.fetches()).isEqualTo(2);
        assertThat(stored().fetched()).isEqualTo(world.now());
    }

    @Test
    void refreshedPolicyShouldOutliveTheFirstMaxAge() {
        world.publish("1", policy(ENFORCE, Duration.ofDays(2))).lookup();
        world.pass(Duration.ofDays(1)).refresh();
        world.txtGone().pass(Duration.ofDays(2).minusSeconds(1));

        assertThat(world.lookup()).isInstanceOf(StsLookup.Found.class);
    }

    @Test
    void refreshShouldTakeContentThatChangedUnderTheSameId() {
        world.publish("1", policy(ENFORCE, MONTH, "old.example.com")).lookup();
        world.publish("1", policy(ENFORCE, MONTH, "new.example.com")).pass(Duration.ofDays(1)).refresh();

        assertThat(stored().policy().mx()).containsExactly(new MxPattern("new.example.com"));
    }

    @Test
    void failingRefreshShouldKeepThePolicyRaiseOneAlarmAndTryAgainWithinTheHour() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.host(REFUSED).pass(Duration.ofDays(1)).refresh();

        assertThat(stored().policy().mode()).isEqualTo(ENFORCE);
        assertThat(world.alarms.unrefreshable()).singleElement().satisfies(alarm -> {
            assertThat(alarm.since()).isEqualTo(world.now());
            assertThat(alarm.expires()).isEqualTo(world.now().plus(MONTH).minus(Duration.ofDays(1)));
        });
        world.refresh();
        assertThat(world.fetches()).isEqualTo(2);

        world.host(PolicyFixture.page(policy(ENFORCE, MONTH))).pass(Duration.ofHours(1)).refresh();
        assertThat(world.fetches()).isEqualTo(3);
        assertThat(world.alarms.unrefreshable()).isEmpty();
        assertThat(stored().failure()).isEmpty();
    }

    @Test
    void deliveriesShouldBeToldOfAFailedRefreshUntilItSucceeds() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.host(REFUSED).pass(Duration.ofDays(1)).refresh();
        assertThat(((StsLookup.Found) world.lookup()).refreshProblem()).isPresent();

        world.host(PolicyFixture.page(policy(ENFORCE, MONTH))).pass(Duration.ofHours(1)).refresh();
        assertThat(((StsLookup.Found) world.lookup()).refreshProblem()).isEmpty();
    }

    @Test
    void missingRecordShouldPreventTheFetchAndRaiseAnAlarm() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.txtGone().pass(Duration.ofDays(1)).refresh();

        assertThat(world.fetches()).isOne();
        assertThat(world.alarms.unrefreshable()).extracting(StsWarnings.Unrefreshable::why)
            .containsExactly("no TXT record at _mta-sts.example.com");
        assertThat(stored().policy().mode()).isEqualTo(ENFORCE);
    }

    @Test
    void modeNoneShouldRaiseNoAlarm() {
        world.publish("1", policy(NONE, MONTH)).lookup();
        world.host(REFUSED).pass(Duration.ofDays(1)).refresh();

        assertThat(world.alarms.unrefreshable()).isEmpty();
    }

    @Test
    void enforcePolicyThatRunsOutShouldRaiseTheLastAlarm() {
        world.publish("1", policy(ENFORCE, Duration.ofDays(2))).lookup();
        world.host(REFUSED).pass(Duration.ofDays(1)).refresh();
        world.pass(Duration.ofDays(1)).refresh();

        assertThat(world.alarms.lapses()).isOne();
        assertThat(world.alarms.unrefreshable()).isEmpty();
        assertThat(world.store.find(DOMAIN)).isEmpty();
    }

    @Test
    void domainThatGetsNoMailShouldBeLeftAlone() {
        world.publish("1", policy(ENFORCE, StsPolicy.MAX_MAX_AGE)).lookup();
        world.pass(Duration.ofDays(30).plusSeconds(1)).refresh();
        assertThat(world.fetches()).isOne();

        // a mail comes by and the domain is of interest again
        world.lookup();
        world.refresh();
        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void policyOfMinutesShouldNotMakeUsPoll() {
        world.publish("1", policy(ENFORCE, Duration.ofMinutes(10))).lookup();
        for (int minute = 0; minute < 9; minute++) {
            world.pass(Duration.ofMinutes(1)).refresh();
        }
        assertThat(world.fetches()).isOne();
    }

    @Test
    void hostileHostsShouldNotKeepOthersFromBeingRefreshed() {
        MemoryPolicyStore store = new MemoryPolicyStore();
        Instant due = Instant.now().minusSeconds(60);
        for (int i = 0; i < 13; i++) {
            StoredPolicy old = PolicyStoreContract.stored((i < 8 ? "hostile" : "honest") + i + ".example", "1", due);
            store.save(new StoredPolicy(old.domain(), "1", old.policy(),
                new StoredPolicy.Times(due, due, due, due.plusSeconds(i)), Optional.empty()));
        }
        Set<String> fetched = ConcurrentHashMap.newKeySet();
        AtomicInteger requests = new AtomicInteger();
        FakeDns dns = FakeDns.answeringOnly(FakeDns.Question.TXT);
        store.due(Instant.now(), Instant.EPOCH, 100).forEach(each ->
            dns.txt(each.domain().child("_mta-sts"), List.of("v=STSv1; id=1")));
        StsPolicies policies = new StsPolicies(dns, new PolicyFetcher(request -> {
            requests.incrementAndGet();
            if (request.uri().getHost().contains("hostile")) {
                throw new StackOverflowError("HTTP/1.1 000 x");
            }
            fetched.add(request.uri().getHost());
            return PolicyFixture.page(policy(ENFORCE, MONTH));
        }, PolicyFetcher.HTTPS_PORT, PolicyFetcher.USUAL_DEADLINE), store, RefreshSchedule.daily(new Random(7)), new StsWarnings(),
            Clock.systemUTC());
        try (PolicyRefresher refresher = new PolicyRefresher(policies)) {
            refresher.refreshDue();
            refresher.refreshDue();
        }

        assertThat(fetched).hasSize(5);
        assertThat(requests).hasValue(13);
    }

    @Test
    void policiesThatCannotBeWrittenDownShouldNotHideThoseBehindThem() {
        MemoryPolicyStore store = new MemoryPolicyStore();
        FakeDns dns = FakeDns.answeringOnly(FakeDns.Question.TXT);
        Instant due = Instant.now().minusSeconds(600);
        for (int i = 0; i < 200; i++) {
            StoredPolicy old = PolicyStoreContract.stored("domain" + i + ".example", "1", due);
            store.save(new StoredPolicy(old.domain(), "1", old.policy(),
                new StoredPolicy.Times(due, due, due, due.plusSeconds(i)), Optional.empty()));
            dns.txt(old.domain().child("_mta-sts"), List.of("v=STSv1; id=1"));
        }
        PolicyStore forgetful = (PolicyStore) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {PolicyStore.class},
            (self, method, arguments) -> method.getName().equals("save") ? null : method.invoke(store, arguments));
        Set<String> fetched = ConcurrentHashMap.newKeySet();
        StsPolicies policies = new StsPolicies(dns, new PolicyFetcher(request -> {
            fetched.add(request.uri().getHost());
            return PolicyFixture.page(policy(ENFORCE, MONTH));
        }, PolicyFetcher.HTTPS_PORT, PolicyFetcher.USUAL_DEADLINE), forgetful, RefreshSchedule.daily(new Random(7)), new StsWarnings(),
            Clock.systemUTC());
        try (PolicyRefresher refresher = new PolicyRefresher(policies)) {
            refresher.refreshDue();
        }

        assertThat(fetched).hasSize(200);
    }

    @Test
    void refresherShouldWorkFromStartToClose() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.pass(Duration.ofDays(1));
        PolicyRefresher refresher = new PolicyRefresher(world.policies, Duration.ofMillis(10));
        refresher.start();
        await().untilAsserted(() -> assertThat(world.fetches()).isEqualTo(2));

        refresher.close();
        world.pass(Duration.ofDays(1));
        await().during(Duration.ofMillis(200)).untilAsserted(() -> assertThat(world.fetches()).isEqualTo(2));
    }

    @Test
    void refresherShouldGoOnWhateverTheStoreThrows() {
        FaultInjector<PolicyStore> store = FaultInjector.before(PolicyStore.class, new MemoryPolicyStore());
        PolicyFixture faulty = new PolicyFixture(store.proxy());
        faulty.publish("1", policy(ENFORCE, MONTH)).lookup();
        faulty.pass(Duration.ofDays(1));
        store.at("due", () -> new NoClassDefFoundError("on purpose")).at("removeExpired", () -> new StackOverflowError("on purpose"));
        try (PolicyRefresher refresher = new PolicyRefresher(faulty.policies, Duration.ofMillis(10))) {
            refresher.start();
            await().until(() -> store.thrown("removeExpired") >= 2);
            store.heal("removeExpired");
            await().until(() -> store.thrown("due") >= 2);
            store.heal("due");

            await().untilAsserted(() -> assertThat(faulty.fetches()).isEqualTo(2));
        }
    }

    private StoredPolicy stored() {
        return world.store.find(DOMAIN).orElseThrow();
    }

    @Test
    void recordThatCannotBeLookedUpShouldKeepThePolicyRaiseAnAlarmAndTryAgainWithinTheHour() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.txtFails(new DnsAnswer.Failed<>("SERVFAIL")).pass(Duration.ofDays(1)).refresh();

        assertThat(world.alarms.unrefreshable()).extracting(StsWarnings.Unrefreshable::why)
            .containsExactly("DNS look-up failed: TXT of _mta-sts.example.com: SERVFAIL");
        assertThat(stored().policy().mode()).isEqualTo(ENFORCE);
        assertThat(stored().refreshAt()).isBetween(world.now().plus(Duration.ofMinutes(30)), world.now().plus(Duration.ofHours(1)));
    }

    @Test
    void refreshThatBreaksOffShouldBeReportedAndTriedAgainWithinTheHour() {
        FaultInjector<PolicyStore> store = FaultInjector.before(PolicyStore.class, new MemoryPolicyStore());
        PolicyFixture faulty = new PolicyFixture(store.proxy());
        faulty.publish("1", policy(ENFORCE, MONTH)).lookup();
        store.at("claim", () -> new NoClassDefFoundError("on purpose"));
        faulty.pass(Duration.ofDays(1)).refresh();
        store.heal("claim");

        assertThat(faulty.alarms.unrefreshable()).singleElement().satisfies(alarm ->
            assertThat(alarm.why()).startsWith("broke off: "));
        assertThat(faulty.store.find(DOMAIN)).hasValueSatisfying(kept ->
            assertThat(kept.refreshAt()).isBetween(faulty.now().plus(Duration.ofMinutes(30)), faulty.now().plus(Duration.ofHours(1))));
        assertThat(((StsLookup.Found) faulty.lookup()).failedFetch()).isPresent();
    }

    @Test
    void policyThatAnotherServerHasRefreshedMeanwhileShouldNotBeFetched() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        StoredPolicy due = world.pass(Duration.ofDays(1)).policies.due(1).getFirst();
        world.restarted().refresh(due);
        assertThat(world.fetches()).isEqualTo(2);

        world.policies.refresh(due);

        assertThat(world.fetches()).isEqualTo(2);
    }

    @Test
    void alarmShouldEndOnceAnotherServerHasRefreshedThePolicy() {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        world.host(REFUSED).pass(Duration.ofDays(1)).refresh();
        world.policies.removeExpired();
        assertThat(world.alarms.unrefreshable()).as("nobody has").hasSize(1);

        StoredPolicy old = stored();
        world.store.save(StoredPolicy.fetched(DOMAIN, "1", old.policy(), world.now().plusSeconds(1), old.lastUsed(),
            world.now().plus(HALF_DAY)));
        world.policies.removeExpired();

        assertThat(world.alarms.unrefreshable()).isEmpty();
    }

    @Test
    void deliveryDuringARefreshShouldShareItsFetch() throws Exception {
        world.publish("1", policy(ENFORCE, MONTH)).lookup();
        CountDownLatch mayAnswer = new CountDownLatch(1);
        world.txt("v=STSv1; id=2").pass(Duration.ofDays(1)).hostDoes(() -> {
            join(mayAnswer);
            return PolicyFixture.page(policy(ENFORCE, MONTH, "new.example.com"));
        });
        CompletableFuture<Void> refresh = CompletableFuture.runAsync(world::refresh, Thread::startVirtualThread);
        await().until(() -> world.fetches() == 2);
        CompletableFuture<StsLookup> lookup = new CompletableFuture<>();
        Thread delivery = Thread.ofPlatform().start(() -> lookup.complete(world.lookup()));
        await().until(() -> delivery.getState() == Thread.State.WAITING);
        mayAnswer.countDown();

        refresh.join();
        assertThat(lookup.get(30, TimeUnit.SECONDS)).isInstanceOfSatisfying(StsLookup.Found.class, found ->
            assertThat(found.policy().mx()).containsExactly(new MxPattern("new.example.com")));
        assertThat(world.fetches()).isEqualTo(2);
    }

    private static void join(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
