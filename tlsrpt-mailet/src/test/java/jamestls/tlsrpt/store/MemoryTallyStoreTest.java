package jamestls.tlsrpt.store;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.sts;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.mtasts.dns.DomainName;
import jamestls.mtasts.outcome.AppliedPolicy;
import jamestls.mtasts.outcome.Peer;
import jamestls.mtasts.outcome.ResultType;
import jamestls.mtasts.outcome.Violation;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MemoryTallyStoreTest {

    private static final TallyKey KEY = new TallyKey(DAY, RCPT);
    private static final Instant NEXT_DAY = Instant.parse("2026-03-02T00:05:00Z");

    private final MemoryTallyStore store = new MemoryTallyStore(TallyLimits.DEFAULT);

    @Test
    void finishedDayShouldRunFromMidnightToTheLastSecond() {
        store.add(List.of(success(KEY)));

        DomainTally tally = store.claim(KEY, NEXT_DAY).orElseThrow();

        assertThat(tally.part()).isEqualTo(new Part(1, Instant.parse("2026-03-01T00:00:00Z")));
        assertThat(tally.end()).isEqualTo("2026-03-01T23:59:59Z");
    }

    @Test
    void claimShouldHandOverOnlyOnce() {
        store.add(List.of(success(KEY)));

        assertThat(store.claim(KEY, NEXT_DAY)).isPresent();
        assertThat(store.claim(KEY, NEXT_DAY)).isEmpty();
        assertThat(store.present()).isEmpty();
    }

    @Test
    void restOfADayShouldBecomeItsNextPart() {
        store.add(List.of(success(KEY), success(KEY)));
        DomainTally first = store.claim(KEY, NOON.plusMillis(900)).orElseThrow();
        store.add(List.of(failure(KEY, "late")));
        DomainTally second = store.claim(KEY, NEXT_DAY).orElseThrow();

        assertThat(first.end()).isEqualTo("2026-03-01T12:00:00Z");
        assertThat(second.part()).isEqualTo(new Part(2, Instant.parse("2026-03-01T12:00:01Z")));
        assertThat(second.end()).isEqualTo("2026-03-01T23:59:59Z");
        assertThat(first.sessions()).isEqualTo(2);
        assertThat(second.sessions()).isEqualTo(1);
    }

    @Test
    void twoClaimsInOneSecondShouldStillBeOrderedRanges() {
        store.add(List.of(success(KEY)));
        DomainTally first = store.claim(KEY, NOON).orElseThrow();
        store.add(List.of(success(KEY)));
        DomainTally second = store.claim(KEY, NOON).orElseThrow();

        assertThat(second.part().start()).isAfter(first.end());
        assertThat(second.end()).isAfterOrEqualTo(second.part().start());
    }

    @Test
    void sessionThatComesInAfterItsDaysReportShouldGetOneMore() {
        store.add(List.of(success(KEY)));
        store.claim(KEY, NEXT_DAY);
        store.add(List.of(success(KEY)));

        DomainTally late = store.claim(KEY, NEXT_DAY).orElseThrow();

        assertThat(late.part()).isEqualTo(new Part(2, KEY.lastSecond()));
        assertThat(late.end()).isEqualTo(KEY.lastSecond());
    }

    @Test
    void whatIsPutBackShouldBeClaimedAgainUnderTheSameNumber() {
        store.add(List.of(failure(KEY, "a"), success(KEY)));
        DomainTally tally = store.claim(KEY, NEXT_DAY).orElseThrow();
        store.putBack(tally);

        assertThat(store.claim(KEY, NEXT_DAY)).contains(tally);
    }

    @Test
    void whatIsPutBackShouldBeAddedToWhatCameMeanwhile() {
        store.add(List.of(failure(KEY, "a"), success(KEY)));
        DomainTally tally = store.claim(KEY, NOON).orElseThrow();
        store.add(List.of(failure(KEY, "a"), failure(KEY, "b")));
        store.putBack(tally);

        DomainTally both = store.claim(KEY, NEXT_DAY).orElseThrow();

        assertThat(both.part()).isEqualTo(tally.part());
        assertThat(both.sessions()).isEqualTo(4);
        assertThat(both.failedSessions()).isEqualTo(3);
        assertThat(both.policies()).singleElement().satisfies(policy -> {
            assertThat(policy.successes()).isEqualTo(1);
            assertThat(policy.failures()).isEqualTo(3);
            assertThat(policy.details().values()).containsExactlyInAnyOrder(2L, 1L);
        });
    }

    @Test
    void putBackShouldNotReuseANumberThatALaterPartHasPassed() {
        store.add(List.of(success(KEY)));
        DomainTally first = store.claim(KEY, NOON).orElseThrow();
        store.add(List.of(success(KEY)));
        store.claim(KEY, NOON.plusSeconds(60));
        store.putBack(first);

        assertThat(store.claim(KEY, NEXT_DAY).orElseThrow().part()).isEqualTo(new Part(3, KEY.firstSecond()));
    }

    @Test
    void tooManyDifferentFailuresShouldBeFoldedAndStillCounted() {
        MemoryTallyStore small = new MemoryTallyStore(new TallyLimits(4, 10, 10, 3, 1 << 20));
        IntStream.range(0, 100).forEach(i -> small.add(List.of(failure(KEY, "reason " + i))));

        PolicyTally policy = small.claim(KEY, NEXT_DAY).orElseThrow().policies().getFirst();

        assertThat(policy.failures()).isEqualTo(100);
        assertThat(policy.details()).hasSize(4).containsEntry(FailureKey.folded(ResultType.VALIDATION_FAILURE), 97L);
    }

    @Test
    void twoFoldedFailuresOfOneSessionShouldCountOneSession() {
        MemoryTallyStore small = new MemoryTallyStore(new TallyLimits(4, 10, 10, 0, 1 << 20));
        small.add(List.of(new CountedSession(KEY, Map.of(sts(), Set.of(detail("a"), detail("b"))))));

        assertThat(small.claim(KEY, NEXT_DAY).orElseThrow().policies().getFirst().details())
            .isEqualTo(Map.of(FailureKey.folded(ResultType.VALIDATION_FAILURE), 1L));
    }

    @Test
    void domainsBeyondTheLimitShouldBeDroppedAndCounted() {
        MemoryTallyStore small = new MemoryTallyStore(new TallyLimits(4, 2, 10, 10, 1 << 20));
        List<CountedSession> sessions = IntStream.range(0, 5)
            .mapToObj(i -> success(new TallyKey(DAY, DomainName.of("d" + i + ".example")))).toList();

        assertThat(small.add(sessions)).isEqualTo(3);
        assertThat(small.present()).hasSize(2);
    }

    @Test
    void policiesBeyondTheLimitShouldBeDroppedAndCounted() {
        MemoryTallyStore small = new MemoryTallyStore(new TallyLimits(4, 10, 2, 10, 1 << 20));
        int dropped = IntStream.range(0, 5)
            .mapToObj(i -> AppliedPolicy.none(DomainName.of("p" + i + ".example")))
            .mapToInt(policy -> small.add(List.of(new CountedSession(KEY, Map.of(policy, Set.of())))))
            .sum();

        assertThat(dropped).isEqualTo(3);
        assertThat(small.claim(KEY, NEXT_DAY).orElseThrow().sessions()).isEqualTo(2);
    }

    @Test
    void daysBeyondTheLimitShouldBeDroppedUntilOldOnesAreForgotten() {
        MemoryTallyStore small = new MemoryTallyStore(new TallyLimits(1, 10, 10, 10, 1 << 20));
        TallyKey tomorrow = new TallyKey(DAY.plusDays(1), RCPT);
        small.add(List.of(success(KEY)));

        assertThat(small.add(List.of(success(tomorrow)))).isEqualTo(1);
        small.forget(DAY.plusDays(1));
        assertThat(small.add(List.of(success(tomorrow)))).isZero();
    }

    @Test
    void memoryShouldBeGivenBack() {
        long before = store.bytesLeft();
        IntStream.range(0, 50).forEach(i -> store.add(List.of(failure(KEY, "reason " + i))));
        assertThat(store.bytesLeft()).isLessThan(before);
        store.putBack(store.claim(KEY, NOON).orElseThrow());
        store.claim(KEY, NEXT_DAY);
        store.forget(DAY.plusDays(1));

        assertThat(store.bytesLeft()).isEqualTo(before);
    }

    @Test
    void withoutMemoryDetailsShouldBeFoldedAndPoliciesDropped() {
        MemoryTallyStore small = new MemoryTallyStore(new TallyLimits(4, 10, 10, 100, 2_000));
        int dropped = IntStream.range(0, 20).map(i -> small.add(List.of(failure(KEY, "reason " + i)))).sum();

        assertThat(dropped).isZero();
        assertThat(small.claim(KEY, NEXT_DAY).orElseThrow().policies().getFirst().details().size()).isBetween(1, 5);
    }

    @Test
    void manyThreadsShouldLoseNoSession() throws InterruptedException {
        int threads = 8;
        int each = 2_000;
        CountDownLatch go = new CountDownLatch(1);
        List<Thread> writers = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            writers.add(Thread.ofVirtual().start(() -> {
                await(go);
                IntStream.range(0, each).forEach(i -> store.add(List.of(i % 3 == 0 ? failure(KEY, "r" + i % 50) : success(KEY))));
            }));
        }
        go.countDown();
        List<DomainTally> parts = new ArrayList<>();
        while (writers.stream().anyMatch(Thread::isAlive)) {
            store.claim(KEY, NOON).ifPresent(parts::add);
            if (parts.size() % 2 == 1) {
                store.putBack(parts.removeLast());
            }
        }
        for (Thread writer : writers) {
            writer.join();
        }
        store.claim(KEY, NEXT_DAY).ifPresent(parts::add);

        assertThat(parts.stream().mapToLong(DomainTally::sessions).sum()).isEqualTo((long) threads * each);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static CountedSession success(TallyKey key) {
        return new CountedSession(key, Map.of(sts(), Set.of()));
    }

    private static CountedSession failure(TallyKey key, String reason) {
        return new CountedSession(key, Map.of(sts(), Set.of(detail(reason))));
    }

    private static FailureKey detail(String reason) {
        return FailureKey.of(Peer.unknown(), new Violation(ResultType.VALIDATION_FAILURE, reason));
    }
}
