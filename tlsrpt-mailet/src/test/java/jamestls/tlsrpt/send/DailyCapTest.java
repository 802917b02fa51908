package jamestls.tlsrpt.send;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.SettableClock;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.store.DestinationStore;
import jamestls.tlsrpt.store.DestinationStore.Share;
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

    private static boolean take(DailyCap cap) {
        return take(cap, "d");
    }

    private static boolean take(DailyCap cap, String domain) {
        return cap.take(HOST, DomainName.of(domain + ".example"), Instant.parse("2026-03-05T00:00:00Z")).isEmpty();
    }

    @Test
    void limitShouldGrowTheNextDayByTheNumberOfDomainsWithAnAcceptedReport() {
        DailyCap cap = new DailyCap(3, store, clock);
        List.of("a", "b", "c").forEach(domain -> {
            assertThat(take(cap, domain)).isTrue();
            cap.accepted(HOST, DomainName.of(domain + ".example"));
        });
        assertThat(take(cap, "d")).isFalse();
        cap.save();
        assertThat(take(cap, "d")).as("not on the same day").isFalse();
        clock.advance(Duration.ofHours(2));

        DailyCap after = new DailyCap(3, store, clock);
        assertThat(IntStream.range(0, 9).filter(i -> take(after, "new" + i)).count()).as("6, one of which is reserved for d").isEqualTo(5);
        assertThat(take(after, "d")).isTrue();
        assertThat(take(after, "e")).isFalse();
    }

    @Test
    void domainsBeyondTheBoundOfMemoryShouldNotRaiseTheLimit() {
        DailyCap cap = new DailyCap(3, store, clock, 2);
        List.of("a", "b", "c").forEach(domain -> {
            take(cap, domain);
            cap.accepted(HOST, DomainName.of(domain + ".example"));
        });
        assertThat(take(cap, "d")).isFalse();
        cap.save();
        clock.advance(Duration.ofHours(2));

        DailyCap after = new DailyCap(3, store, clock);
        assertThat(IntStream.range(0, 9).filter(i -> take(after, "new" + i)).count()).as("5, one of which is reserved for d").isEqualTo(4);
    }

    @Test
    void bouncedReportShouldNotRaiseTheLimit() {
        DailyCap cap = new DailyCap(1, store, clock);
        take(cap, "a");
        cap.accepted(HOST, DomainName.of("a.example"));
        take(cap, "b");
        cap.save();
        store.revokeAcceptance(HOST, DomainName.of("a.example"));
        clock.advance(Duration.ofHours(2));

        assertThat(List.of(take(cap, "b"), take(cap, "c"))).containsExactly(true, false);
    }

    @Test
    void limitShouldGrowTenfoldAtMost() {
        store.save(IntStream.range(0, 100).mapToObj(i -> new Share(HOST, DomainName.of("d" + i + ".example"),
            clock.instant().minus(Duration.ofDays(3)), clock.instant().minus(Duration.ofDays(3)), Instant.EPOCH)).toList());
        DailyCap cap = new DailyCap(2, store, clock);

        assertThat(IntStream.range(0, 100).filter(i -> take(cap, "d" + i)).count()).isEqualTo(20);
    }

    @Test
    void domainsWithTheOldestLastReportShouldBeServedFirst() {
        Instant until = clock.instant().plus(Duration.ofHours(24));
        // d0 got its last report yesterday, d29 thirty days ago, and all wait
        store.save(IntStream.range(0, 30).mapToObj(i -> new Share(HOST, DomainName.of("d" + i + ".example"), Instant.EPOCH,
            clock.instant().minus(Duration.ofDays(1 + i)), until)).toList());
        DailyCap cap = new DailyCap(10, store, clock);

        assertThat(IntStream.range(0, 30).filter(i -> take(cap, "d" + i)).boxed().toList())
            .isEqualTo(IntStream.range(20, 30).boxed().toList());
        assertThat(take(cap, "fresh")).isFalse();
    }

    @Test
    void shareReservedForADomainShouldBeFreeWhenItsReportExpires() {
        store.save(List.of(new Share(HOST, DomainName.of("away.example"), Instant.EPOCH, Instant.EPOCH, clock.instant().plusSeconds(60))));
        DailyCap cap = new DailyCap(1, store, clock);
        assertThat(take(cap, "d")).isFalse();
        clock.advance(Duration.ofSeconds(61));

        assertThat(take(cap, "d")).isTrue();
    }

    @Test
    void timesInTheFutureShouldNeitherReserveAShareNorDelayADomain() {
        Instant wrong = clock.instant().plus(Duration.ofDays(300));
        store.save(List.of(new Share(HOST, DomainName.of("away.example"), Instant.EPOCH, Instant.EPOCH, wrong),
            new Share(HOST, DomainName.of("d.example"), wrong, wrong, Instant.EPOCH)));

        assertThat(take(new DailyCap(1, store, clock))).isTrue();
    }

    @Test
    void savedCountsShouldSurviveARestart() {
        DailyCap before = new DailyCap(3, store, clock);
        assertThat(List.of(take(before), take(before))).containsOnly(true);
        before.save();
        DailyCap after = new DailyCap(3, store, clock);

        assertThat(List.of(take(after), take(after))).containsExactly(true, false);
    }

    @Test
    void killedProcessShouldLoseFewerThanAHundredCounts() {
        DailyCap killed = new DailyCap(1_000, store, clock);
        IntStream.range(0, 799).forEach(i -> take(killed));
        DailyCap after = new DailyCap(1_000, store, clock);

        assertThat(IntStream.range(0, 1_000).filter(i -> take(after)).count()).isBetween(201L, 300L);
    }

    @Test
    void serversShouldShareTheLimit() {
        DailyCap one = new DailyCap(10, store, clock);
        DailyCap two = new DailyCap(10, store, clock);
        assertThat(take(one)).isTrue();
        IntStream.range(0, 9).forEach(i -> take(two));
        two.save();
        one.save();

        assertThat(take(one)).isFalse();
    }

    @Test
    void nextDayShouldStartAtZeroAndSaveTheCountsOfTheLastDay() {
        DailyCap cap = new DailyCap(1, store, clock);
        assertThat(List.of(take(cap), take(cap))).containsExactly(true, false);
        clock.advance(Duration.ofHours(2));

        assertThat(List.of(take(cap), take(cap))).containsExactly(true, false);
        assertThat(store.reportsPerHost(LocalDate.of(2026, 3, 2))).isEqualTo(Map.of(HOST, 1L));
        cap.save();
        assertThat(store.reportsPerHost(LocalDate.of(2026, 3, 3))).isEqualTo(Map.of(HOST, 1L));
    }

    @Test
    void limitShouldHoldForConcurrentReports() {
        DailyCap cap = new DailyCap(500, store, clock);

        assertThat(IntStream.range(0, 2_000).parallel().filter(i -> take(cap)).count()).isEqualTo(500);
        cap.save();
        assertThat(store.reportsPerHost(LocalDate.of(2026, 3, 2))).isEqualTo(Map.of(HOST, 500L));
    }

    @Test
    void lateResultOfTheStoreShouldNotLowerACount() {
        Failing slow = new Failing(store);
        DailyCap cap = new DailyCap(250, slow, clock);
        slow.beforeItAnswers = () -> IntStream.range(0, 100).forEach(i -> take(cap));

        assertThat(IntStream.range(0, 250).filter(i -> take(cap)).count()).isEqualTo(150);
    }

    @Test
    void outageOfTheStoreShouldLoseNoCount() {
        store.add(LocalDate.of(2026, 3, 2), Map.of(HOST, 2));
        Failing failing = new Failing(store);
        DailyCap cap = new DailyCap(5, failing, clock);
        failing.fails = true;
        assertThat(List.of(take(cap), take(cap))).containsOnly(true);
        cap.save();
        failing.fails = false;

        assertThat(List.of(take(cap), take(cap))).containsExactly(true, false);
        cap.save();
        assertThat(store.reportsPerHost(LocalDate.of(2026, 3, 2))).isEqualTo(Map.of(HOST, 5L));
    }

    /** Store that can be made to fail, or to be overtaken by other threads. */
    private static final class Failing implements DestinationStore {

        private final DestinationStore store;
        private boolean fails;
        /** Runs once, after the store has counted and before it returns. */
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
        public Map<DomainName, Long> reportsPerHost(LocalDate day) {
            return working().reportsPerHost(day);
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
        public List<Share> shares() {
            return working().shares();
        }

        @Override
        public void save(List<Share> shares) {
            working().save(shares);
        }

        @Override
        public void revokeAcceptance(DomainName host, DomainName domain) {
            working().revokeAcceptance(host, domain);
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
