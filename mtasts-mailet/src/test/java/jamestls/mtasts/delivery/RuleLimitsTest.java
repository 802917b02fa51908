package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.mtasts.delivery.FairKeyedSemaphore.Permit;
import jamestls.mtasts.delivery.RuleLimits.Waited;
import jamestls.mtasts.policy.Rule;
import jamestls.mtasts.policy.RuleGrammar;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RuleLimitsTest {

    private static final Duration AT_ONCE = Duration.ZERO;
    private static final List<Rule> TWO = rules("a.example concurrency=2");

    private final AtomicLong nanos = new AtomicLong();

    @Test
    void concurrencyShouldCountAllDestinationsOfTheRuleTogether() {
        try (RuleLimits limits = new RuleLimits()) {
            Permit first = limits.acquire(TWO, AT_ONCE).permit().orElseThrow();
            limits.acquire(TWO, AT_ONCE).permit().orElseThrow();

            assertThat(limits.acquire(TWO, AT_ONCE)).isEqualTo(new Waited(java.util.Optional.empty(), java.util.Optional.empty()));
            assertThat(limits.acquire(rules("b.example concurrency=1"), AT_ONCE).permit()).isPresent();
            assertThat(limits.acquire(List.of(), AT_ONCE).permit()).isPresent();
            first.close();
            assertThat(limits.acquire(TWO, AT_ONCE).permit()).isPresent();
        }
    }

    @Test
    void permitOfTheFirstRuleShouldBeGivenBackWhenTheSecondRefuses() {
        try (RuleLimits limits = new RuleLimits()) {
            List<Rule> both = rules("a.example concurrency=1", "mx:mx.example concurrency=1");
            Permit host = limits.acquire(both.subList(1, 2), AT_ONCE).permit().orElseThrow();

            assertThat(limits.acquire(both, AT_ONCE).permit()).isEmpty();
            assertThat(limits.acquire(both.subList(0, 1), AT_ONCE).permit()).isPresent();
            host.close();
        }
    }

    @Test
    void rateShouldSpreadDeliveriesAndTellWhenTheNextMayCome() {
        try (RuleLimits limits = new RuleLimits(nanos::get)) {
            List<Rule> rule = rules("a.example rate=30/m");
            assertThat(limits.acquire(rule, AT_ONCE).permit()).isPresent();
            assertThat(limits.acquire(rule, AT_ONCE).later()).contains(Duration.ofSeconds(2));
            nanos.set(Duration.ofMillis(1_999).toNanos());
            assertThat(limits.acquire(rule, AT_ONCE).later()).contains(Duration.ofMillis(1));
            nanos.set(Duration.ofSeconds(2).toNanos());
            assertThat(limits.acquire(rule, AT_ONCE).permit()).isPresent();
            nanos.set(Duration.ofHours(2).toNanos());
            assertThat(limits.acquire(rule, AT_ONCE).permit()).isPresent();
            assertThat(limits.acquire(rule, AT_ONCE).permit()).as("an idle hour gives no burst").isEmpty();
        }
    }

    @Test
    void limitsShouldBeDividedByTheServersThatRun() {
        AtomicInteger servers = new AtomicInteger(1);
        try (RuleLimits limits = new RuleLimits(nanos::get)) {
            limits.shareWith(servers::get);
            List<Rule> six = rules("a.example concurrency=6");
            servers.set(3);
            List<Permit> held = List.of(limits.acquire(six, AT_ONCE).permit().orElseThrow(),
                limits.acquire(six, AT_ONCE).permit().orElseThrow());
            assertThat(limits.acquire(six, AT_ONCE).permit()).isEmpty();
            held.forEach(Permit::close);
            servers.set(7);
            assertThat(limits.acquire(six, AT_ONCE).permit()).as("one remains").isPresent();
            assertThat(limits.acquire(six, AT_ONCE).permit()).isEmpty();

            List<Rule> rate = rules("b.example rate=60/m");
            servers.set(3);
            assertThat(limits.acquire(rate, AT_ONCE).permit()).isPresent();
            assertThat(limits.acquire(rate, AT_ONCE).later()).contains(Duration.ofSeconds(3));
        }
    }

    @Test
    void bucketShouldHoldTheTokensOfOneSecond() {
        try (RuleLimits limits = new RuleLimits(nanos::get)) {
            List<Rule> rule = rules("a.example rate=5/s");
            List<Boolean> allowed = new ArrayList<>();
            for (int i = 0; i < 7; i++) {
                allowed.add(limits.acquire(rule, AT_ONCE).permit().isPresent());
            }
            assertThat(allowed).containsExactly(true, true, true, true, true, false, false);
            nanos.set(Duration.ofMillis(200).toNanos());
            assertThat(limits.acquire(rule, AT_ONCE).permit()).isPresent();
            assertThat(limits.acquire(rule, AT_ONCE).permit()).isEmpty();
        }
    }

    @Test
    void stoppingShouldEndEveryWait() throws Exception {
        RuleLimits limits = new RuleLimits();
        List<Rule> rule = rules("a.example rate=2/m");
        limits.acquire(rule, AT_ONCE);
        CompletableFuture<Waited> waiting = new CompletableFuture<>();
        Thread thread = Thread.ofVirtual().start(() -> waiting.complete(limits.acquire(rule, Duration.ofMinutes(1))));
        await().until(() -> thread.getState() == Thread.State.TIMED_WAITING);

        limits.close();
        assertThat(waiting.get().permit()).isEmpty();
    }

    private static List<Rule> rules(String... texts) {
        return java.util.Arrays.stream(texts).map(text -> RuleGrammar.rule(text, Instant.EPOCH)).toList();
    }
}
