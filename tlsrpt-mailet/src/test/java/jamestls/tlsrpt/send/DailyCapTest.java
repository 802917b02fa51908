package jamestls.tlsrpt.send;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.SettableClock;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.store.DestinationStore;
import jamestls.tlsrpt.store.DestinationStore.Suppressed;
import jamestls.tlsrpt.store.MemoryDestinationStore;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DailyCapTest {

    private static final DomainName HOST = DomainName.of("victim.example");

    private final SettableClock clock = new SettableClock(Instant.parse("2026-03-02T23:00:00Z"));
    private final MemoryDestinationStore store = new MemoryDestinationStore();

    @Test
    void restartShouldForgetNothing() {
        DailyCap before = new DailyCap(3, store, clock);
        assertThat(List.of(before.take(HOST), before.take(HOST))).containsOnly(true);
        before.save();
        DailyCap after = new DailyCap(3, store, clock);

        assertThat(List.of(after.take(HOST), after.take(HOST))).containsExactly(true, false);
    }

    @Test
    void processThatIsKilledShouldForgetLessThanAHundred() {
        DailyCap killed = new DailyCap(1_000, store, clock);
        IntStream.range(0, 799).forEach(i -> killed.take(HOST));
        DailyCap after = new DailyCap(1_000, store, clock);

        assertThat(IntStream.range(0, 1_000).filter(i -> after.take(HOST)).count()).isBetween(201L, 300L);
    }

    @Test
    void serversShouldShareTheCap() {
        DailyCap one = new DailyCap(10, store, clock);
        DailyCap two = new DailyCap(10, store, clock);
        assertThat(one.take(HOST)).isTrue();
        IntStream.range(0, 9).forEach(i -> two.take(HOST));
        two.save();
        one.save();

        assertThat(one.take(HOST)).isFalse();
    }

    @Test
    void nextDayShouldBeginAnewAndKeepTheLastOnesCount() {
        DailyCap cap = new DailyCap(1, store, clock);
        assertThat(List.of(cap.take(HOST), cap.take(HOST))).containsExactly(true, false);
        clock.advance(Duration.ofHours(2));

        assertThat(List.of(cap.take(HOST), cap.take(HOST))).containsExactly(true, false);
        assertThat(store.ofDay(LocalDate.of(2026, 3, 2))).isEqualTo(Map.of(HOST, 1L));
        cap.save();
        assertThat(store.ofDay(LocalDate.of(2026, 3, 3))).isEqualTo(Map.of(HOST, 1L));
    }

    @Test
    void capShouldHoldForManyAtOnce() {
        DailyCap cap = new DailyCap(500, store, clock);

        assertThat(IntStream.range(0, 2_000).parallel().filter(i -> cap.take(HOST)).count()).isEqualTo(500);
        cap.save();
        assertThat(store.ofDay(LocalDate.of(2026, 3, 2))).isEqualTo(Map.of(HOST, 500L));
    }

    @Test
    void answerOfTheStoreThatIsOvertakenShouldTakeNothingBack() {
        Failing slow = new Failing(store);
        DailyCap cap = new DailyCap(250, slow, clock);
        slow.beforeItAnswers = () -> IntStream.range(0, 100).forEach(i -> cap.take(HOST));

        assertThat(IntStream.range(0, 250).filter(i -> cap.take(HOST)).count()).isEqualTo(150);
    }

    @Test
    void outageOfTheStoreShouldCostNoCount() {
        store.add(LocalDate.of(2026, 3, 2), Map.of(HOST, 2));
        Failing failing = new Failing(store);
        DailyCap cap = new DailyCap(5, failing, clock);
        failing.fails = true;
        assertThat(List.of(cap.take(HOST), cap.take(HOST))).containsOnly(true);
        cap.save();
        failing.fails = false;

        assertThat(List.of(cap.take(HOST), cap.take(HOST))).containsExactly(true, false);
        cap.save();
        assertThat(store.ofDay(LocalDate.of(2026, 3, 2))).isEqualTo(Map.of(HOST, 5L));
    }

    /** A store that is out of order now and then, or slow. */
    private static final class Failing implements DestinationStore {

        private final DestinationStore store;
        private boolean fails;
        /** Happens once, after the store has counted and before it says so. */
        private Runnable beforeItAnswers = () -> { };

        Failing(DestinationStore store) {
            this.store = store;
        }

        private DestinationStore working() {
            if (fails) {
                throw new StorageOutage("out of order", new SQLException("out of order"));
            }
            return store;
        }

        @Override
        public List<Suppressed> suppressed(Instant now) {
            return working().suppressed(now);
        }

        @Override
        public void suppress(Suppressed mailbox) {
            working().suppress(mailbox);
        }

        @Override
        public Map<DomainName, Long> ofDay(LocalDate day) {
            return working().ofDay(day);
        }

        @Override
        public Map<DomainName, Long> add(LocalDate day, Map<DomainName, Integer> more) {
            Map<DomainName, Long> totals = working().add(day, more);
            Runnable meanwhile = beforeItAnswers;
            beforeItAnswers = () -> { };
            meanwhile.run();
            return totals;
        }

        @Override
        public byte[] secret() {
            return working().secret();
        }

        @Override
        public void forget(LocalDate firstKept) {
            working().forget(firstKept);
        }
    }
}
