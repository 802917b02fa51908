package jamestls.tlsrpt.store;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.sts;
import static jamestls.tlsrpt.Samples.tlsa;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.tlsrpt.Samples;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.Due.Expiry;
import jamestls.tlsrpt.store.TallyLimits.ByteBudget;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Contract of all {@link TallyStore}s. */
abstract class TallyStoreContract {

    static final TallyKey KEY = new TallyKey(DAY, RCPT);
    static final Instant NEXT_DAY = Instant.parse("2026-03-02T00:05:00Z");

    static final Due LATER = Due.finishedDays(NEXT_DAY);

    private TallyStore store;
    private long groups;

    /** A session: its failures by evaluated policy. */
    record Session(TallyKey key, Map<AppliedPolicy, Set<FailureKey>> policies) {
    }

    /** A new empty store. */
    abstract TallyStore open(TallyLimits limits);

    @BeforeEach
    void open() {
        store = open(TallyLimits.DEFAULT);
    }

    @Test
    void finishedDayShouldRunFromMidnightToTheLastSecond() {
        add(List.of(success(KEY)));

        DomainTally tally = store.claim(KEY, LATER).orElseThrow().tally();

        assertPart(tally, 1, Instant.parse("2026-03-01T00:00:00Z"));
        assertThat(tally.end()).isEqualTo("2026-03-01T23:59:59Z");
    }

    @Test
    void submittersShouldBeSeparate() {
        TallyKey apart = new TallyKey(DAY, RCPT, Optional.of(DomainName.of("tenant.example")));
        add(List.of(success(KEY), success(apart), failure(apart, "x")));

        assertThat(store.claimable(LATER, Optional.empty(), 10)).containsExactly(KEY, apart);
        assertThat(store.claimable(LATER, Optional.of(KEY), 10)).containsExactly(apart);
        Claim claim = store.claim(apart, LATER).orElseThrow();
        assertThat(claim.tally().key()).isEqualTo(apart);
        assertThat(claim.tally().sessions()).isEqualTo(2);
        store.settle(claim, "sent");
        assertThat(store.claim(KEY, LATER).orElseThrow().tally().sessions()).isEqualTo(1);
        store.forget(DAY.plusDays(1));
        assertThat(store.claim(apart, LATER)).isEmpty();
    }

    static void assertPart(DomainTally tally, int number, Instant start) {
        assertThat(tally.part().number()).isEqualTo(number);
        assertThat(tally.part().start()).isEqualTo(start);
    }

    @Test
    void restOfADayShouldBecomeItsNextPart() {
        add(List.of(success(KEY), success(KEY)));
        Claim claim = store.claim(KEY, Due.everything(NOON.plusMillis(900))).orElseThrow();
        DomainTally first = claim.tally();
        store.settle(claim, "sent");
        add(List.of(failure(KEY, "late")));
        DomainTally second = store.claim(KEY, LATER).orElseThrow().tally();

        assertThat(first.end()).isEqualTo("2026-03-01T12:00:00Z");
        assertPart(second, 2, Instant.parse("2026-03-01T12:00:01Z"));
        assertThat(second.end()).isEqualTo("2026-03-01T23:59:59Z");
        assertThat(first.sessions()).isEqualTo(2);
        assertThat(second.sessions()).isEqualTo(1);
    }

    @Test
    void twoClaimsInOneSecondShouldHaveOrderedRanges() {
        add(List.of(success(KEY)));
        DomainTally first = store.claim(KEY, Due.everything(NOON)).orElseThrow().tally();
        add(List.of(success(KEY)));
        DomainTally second = store.claim(KEY, Due.everything(NOON)).orElseThrow().tally();

        assertThat(second.part().start()).isAfter(first.end());
        assertThat(second.end()).isAfter(second.part().start());
    }

    @Test
    void sessionCountedAfterItsDaysReportShouldGetAnotherReport() {
        add(List.of(success(KEY)));
        store.claim(KEY, LATER);
        add(List.of(success(KEY)));

        DomainTally late = store.claim(KEY, LATER).orElseThrow().tally();

        assertPart(late, 2, KEY.firstSecond());
        assertThat(late.end()).isEqualTo(KEY.lastSecond());
    }

    @Test
    void partShouldBeClaimedOnlyOnce() {
        add(List.of(success(KEY)));

        assertThat(store.claim(KEY, LATER)).isPresent();
        assertThat(store.claim(KEY, LATER)).isEmpty();
        assertThat(claimable(LATER)).isEmpty();
    }

    @Test
    void countsShouldBeReadAsTheyWereWritten() {
        AppliedPolicy strange = new AppliedPolicy(PolicyType.STS, RCPT, List.of("version: STSv1", "x: \u0000\u00fc\u20ac"),
            List.of("*.mx.example"));
        FailureKey full = FailureKey.of(Samples.peer(), new Violation(ResultType.CERTIFICATE_EXPIRED, "because"));
        FailureKey bare = detail("");
        add(List.of(new Session(KEY, Map.of(strange, Set.of(full, bare), tlsa(), Set.of())),
            new Session(KEY, Map.of(AppliedPolicy.none(RCPT), Set.of(bare)))));

        DomainTally tally = store.claim(KEY, LATER).orElseThrow().tally();

        assertThat(tally.sessions()).isEqualTo(2);
        assertThat(tally.failedSessions()).isEqualTo(2);
        assertThat(tally.policies()).containsExactlyInAnyOrder(
            new PolicyTally(strange, 0, 1, Map.of(full, 1L, bare, 1L)),
            new PolicyTally(tlsa(), 1, 0, Map.of()),
            new PolicyTally(AppliedPolicy.none(RCPT), 0, 1, Map.of(bare, 1L)));
    }

    @Test
    void repeatedWriteShouldCountOnce() {
        List<Tally> counts = counts(List.of(success(KEY), failure(KEY, "a")));
        store.add(new WriteId("one", 1), counts);
        store.add(new WriteId("one", 1), counts);
        store.add(new WriteId("one", 2), counts);
        store.add(new WriteId("other", 1), counts);

        DomainTally tally = store.claim(KEY, LATER).orElseThrow().tally();
        assertThat(tally.sessions()).isEqualTo(6);
        assertThat(tally.policies()).singleElement().isEqualTo(new PolicyTally(sts(), 3, 3, Map.of(detail("a"), 3L)));
    }

    @Test
    void policyThatChangesDuringTheDayShouldBeCountedAsTwo() {
        AppliedPolicy before = sts();
        AppliedPolicy after = new AppliedPolicy(PolicyType.STS, RCPT, List.of("version: STSv1", "mode: testing"), List.of());
        add(List.of(success(KEY), new Session(KEY, Map.of(after, Set.of()))));

        assertThat(store.claim(KEY, LATER).orElseThrow().tally().policies()).extracting(PolicyTally::policy)
            .containsExactlyInAnyOrder(before, after);
    }

    @Test
    void postponedPartShouldBeClaimedAgainUnchangedAfterItsPause() {
        add(List.of(failure(KEY, "a"), success(KEY)));
        Claim first = store.claim(KEY, LATER).orElseThrow();
        assertThat(store.postpone(first, NEXT_DAY.plusSeconds(60))).isTrue();

        assertThat(store.claim(KEY, Due.finishedDays(NEXT_DAY.plusSeconds(59)))).isEmpty();
        assertThat(claimable(Due.finishedDays(NEXT_DAY.plusSeconds(59)))).isEmpty();
        assertThat(claimable(Due.finishedDays(NEXT_DAY.plusSeconds(60)))).containsExactly(KEY);
        Claim second = store.claim(KEY, Due.finishedDays(NEXT_DAY.plusSeconds(60))).orElseThrow();
        assertThat(second.tally()).isEqualTo(first.tally());
        assertThat(second.tries()).isEqualTo(1);
    }

    @Test
    void postponedPartShouldBeClaimableIfEverythingIsRequested() {
        add(List.of(success(KEY)));
        store.postpone(store.claim(KEY, LATER).orElseThrow(), NEXT_DAY.plusSeconds(3600));

        assertThat(claimable(Due.everything(NEXT_DAY))).containsExactly(KEY);
        assertThat(store.claim(KEY, Due.everything(NEXT_DAY))).isPresent();
    }

    @Test
    void sessionCountedAfterAClaimShouldNotChangeIt() {
        add(List.of(success(KEY)));
        Claim first = store.claim(KEY, Due.everything(NOON)).orElseThrow();
        add(List.of(failure(KEY, "later")));
        store.postpone(first, NOON);

        assertThat(store.claim(KEY, LATER).orElseThrow().tally()).isEqualTo(first.tally());
        assertPart(store.claim(KEY, LATER).orElseThrow().tally(), 2, NOON.plusSeconds(1));
    }

    @Test
    void claimOfADeadProcessShouldBeTakenOverAfterItsLease() {
        add(List.of(success(KEY)));
        Claim dead = store.claim(KEY, LATER).orElseThrow();

        assertThat(store.claim(KEY, Due.finishedDays(NEXT_DAY.plus(Expiry.LEASE).minusMillis(1)))).isEmpty();
        Claim heir = store.claim(KEY, Due.finishedDays(NEXT_DAY.plus(Expiry.LEASE))).orElseThrow();
        assertThat(heir.tally()).isEqualTo(dead.tally());
        assertThat(store.settle(dead, "sent")).isFalse();
        assertThat(store.postpone(dead, NOON)).isFalse();
        assertThat(store.discard(dead)).isFalse();
        assertThat(store.settle(heir, "sent")).isTrue();
    }

    @Test
    void serverWhoseClockIsBehindShouldRespectALease() {
        add(List.of(success(KEY)));
        store.claim(KEY, LATER);

        assertThat(store.claim(KEY, Due.finishedDays(NEXT_DAY.minusSeconds(60)))).isEmpty();
        assertThat(claimable(Due.finishedDays(NEXT_DAY.minusSeconds(60)))).isEmpty();
    }

    @Test
    void timesOfAWrongClockShouldNotBlockAPart() {
        add(List.of(success(KEY)));
        Instant wrong = NEXT_DAY.plus(Duration.ofDays(300));
        store.claim(KEY, Due.finishedDays(wrong));
        Claim again = store.claim(KEY, LATER).orElseThrow();
        store.postpone(again, wrong);

        assertThat(store.claim(KEY, LATER)).isPresent();
    }

    @Test
    void settledOrDiscardedPartShouldNotBeClaimableAgain() {
        TallyKey other = new TallyKey(DAY, DomainName.of("other.example"));
        add(List.of(success(KEY), success(other)));
        assertThat(store.settle(store.claim(KEY, LATER).orElseThrow(), "sent")).isTrue();
        assertThat(store.discard(store.claim(other, LATER).orElseThrow())).isTrue();

        assertThat(claimable(Due.everything(NEXT_DAY.plus(Duration.ofDays(2))))).isEmpty();
        assertThat(store.claim(KEY, Due.everything(NEXT_DAY.plus(Duration.ofDays(2))))).isEmpty();
    }

    @Test
    void currentDayShouldNotBeClaimableAmongFinishedDays() {
        add(List.of(success(KEY)));

        assertThat(claimable(Due.finishedDays(KEY.lastSecond()))).isEmpty();
        assertThat(claimable(Due.finishedDays(KEY.endOfDay()))).containsExactly(KEY);
    }

    @Test
    void claimableKeysShouldBeReadInPages() {
        List<TallyKey> keys = IntStream.range(0, 25)
            .mapToObj(i -> new TallyKey(DAY.minusDays(i % 3), DomainName.of("d" + i + ".example"))).toList();
        add(keys.stream().map(TallyStoreContract::success).toList());
        List<TallyKey> read = new ArrayList<>();
        List<TallyKey> page = store.claimable(LATER, Optional.empty(), 10);
        while (!page.isEmpty()) {
            read.addAll(page);
            page = store.claimable(LATER, Optional.of(page.getLast()), 10);
        }

        assertThat(read).containsExactlyInAnyOrderElementsOf(keys);
    }

    @Test
    void oldDaysShouldBeDeletedCompletely() {
        TallyKey tomorrow = new TallyKey(DAY.plusDays(1), RCPT);
        add(List.of(failure(KEY, "a"), success(tomorrow)));
        add(IntStream.range(0, 250)
            .mapToObj(i -> success(new TallyKey(DAY.minusDays(1), DomainName.of("d" + i + ".example")))).toList());
        store.claim(KEY, LATER);
        add(List.of(failure(KEY, "a")));
        store.forget(DAY.plusDays(1));

        assertThat(claimable(Due.everything(NEXT_DAY.plus(Duration.ofDays(9))))).containsExactly(tomorrow);
        add(List.of(success(KEY)));
        assertThat(store.claim(KEY, LATER).orElseThrow().tally().policies()).singleElement()
            .isEqualTo(new PolicyTally(sts(), 1, 0, Map.of()));
    }

    @Test
    void tooManyDifferentFailuresShouldBeFoldedAndStillCounted() {
        store = open(new TallyLimits(4, 10, 10, 3, 1 << 20));
        IntStream.range(0, 50).forEach(i -> add(List.of(failure(KEY, "reason " + i), failure(KEY, "reason 0"))));
        add(IntStream.range(50, 100).mapToObj(i -> failure(KEY, "reason " + i)).toList());

        PolicyTally policy = store.claim(KEY, LATER).orElseThrow().tally().policies().getFirst();

        assertThat(policy.failures()).isEqualTo(150);
        assertThat(policy.details()).hasSize(4).containsEntry(FailureKey.folded(ResultType.VALIDATION_FAILURE), 97L)
            .containsEntry(detail("reason 0"), 51L);
    }

    @Test
    void foldedFailuresOfOneSessionShouldNotExceedTheSessions() {
        store = open(new TallyLimits(4, 10, 10, 0, 1 << 20));
        add(List.of(new Session(KEY, Map.of(sts(), Set.of(detail("a"), detail("b"))))));

        assertThat(store.claim(KEY, LATER).orElseThrow().tally().policies().getFirst().details())
            .isEqualTo(Map.of(FailureKey.folded(ResultType.VALIDATION_FAILURE), 1L));
    }

    @Test
    void policiesBeyondTheLimitShouldBeDroppedAndCounted() {
        store = open(new TallyLimits(4, 10, 2, 10, 1 << 20));
        int dropped = IntStream.range(0, 5)
            .mapToObj(i -> AppliedPolicy.none(DomainName.of("p" + i + ".example")))
            .mapToInt(policy -> add(List.of(new Session(KEY, Map.of(policy, Set.of())))))
            .sum();

        assertThat(dropped).isEqualTo(3);
        assertThat(store.claim(KEY, LATER).orElseThrow().tally().sessions()).isEqualTo(2);
    }

    @Test
    void concurrentWritersShouldLoseNoSession() throws InterruptedException {
        int threads = 4;
        int each = 100;
        TallyKey other = new TallyKey(DAY, DomainName.of("x.example"));
        List<Thread> writers = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            String writer = "writer " + t;
            writers.add(Thread.ofVirtual().start(() -> IntStream.range(0, each).forEach(i -> store.add(new WriteId(writer, i + 1),
                counts(List.of(i % 3 == 0 ? failure(KEY, "r" + i % 50) : success(KEY), success(other)))))));
        }
        List<DomainTally> parts = new ArrayList<>();
        while (writers.stream().anyMatch(Thread::isAlive)) {
            store.claim(KEY, Due.everything(NOON)).ifPresent(claim -> {
                parts.add(claim.tally());
                store.settle(claim, "sent");
            });
        }
        for (Thread writer : writers) {
            writer.join();
        }
        store.claim(KEY, LATER).ifPresent(claim -> parts.add(claim.tally()));

        assertThat(parts.stream().mapToLong(DomainTally::sessions).sum()).isEqualTo((long) threads * each);
        assertThat(parts).extracting(tally -> tally.part().number()).doesNotHaveDuplicates();
        assertThat(parts.stream().flatMap(tally -> tally.policies().stream()).mapToLong(p -> p.successes() + p.failures()).sum())
            .isEqualTo((long) threads * each);
    }

    final TallyStore store() {
        return store;
    }

    final List<TallyKey> claimable(Due due) {
        return store.claimable(due, Optional.empty(), 1_000);
    }

    final int add(List<Session> sessions) {
        return store.add(new WriteId("test", ++groups), counts(sessions));
    }

    static List<Tally> counts(List<Session> sessions) {
        return counts(TallyLimits.DEFAULT, sessions);
    }

    static List<Tally> counts(TallyLimits limits, List<Session> sessions) {
        ByteBudget budget = limits.budget();
        Map<TallyKey, Tally> tallies = new TreeMap<>();
        sessions.forEach(session -> tallies.computeIfAbsent(session.key(), key -> Tally.within(limits, budget, key).orElseThrow())
            .add(session.policies()));
        return List.copyOf(tallies.values());
    }

    static Session success(TallyKey key) {
        return new Session(key, Map.of(sts(), Set.of()));
    }

    static Session failure(TallyKey key, String reason) {
        return new Session(key, Map.of(sts(), Set.of(detail(reason))));
    }

    static FailureKey detail(String reason) {
        return FailureKey.of(Peer.unknown(), new Violation(ResultType.VALIDATION_FAILURE, reason));
    }
}
