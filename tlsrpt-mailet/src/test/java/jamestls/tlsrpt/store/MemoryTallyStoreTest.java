package jamestls.tlsrpt.store;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MemoryTallyStoreTest extends SeveralClaimsContract {

    private MemoryTallyStore memory;

    @Override
    TallyStore open(TallyLimits limits) {
        memory = new MemoryTallyStore(limits);
        return memory;
    }

    @Test
    void domainsBeyondTheLimitShouldBeDroppedAndCounted() {
        TallyStore small = new MemoryTallyStore(new TallyLimits(4, 2, 10, 10, 1 << 20));
        List<Session> sessions = IntStream.range(0, 5)
            .mapToObj(i -> success(new TallyKey(DAY, DomainName.of("d" + i + ".example")))).toList();

        assertThat(small.add(new WriteId("a", 1), counts(sessions))).isEqualTo(3);
    }

    @Test
    void daysBeyondTheLimitShouldBeDroppedUntilOldOnesAreDeleted() {
        TallyStore small = new MemoryTallyStore(new TallyLimits(1, 10, 10, 10, 1 << 20));
        TallyKey tomorrow = new TallyKey(DAY.plusDays(1), RCPT);
        small.add(new WriteId("a", 1), counts(List.of(success(KEY))));

        assertThat(small.add(new WriteId("a", 2), counts(List.of(success(tomorrow))))).isEqualTo(1);
        small.forget(DAY.plusDays(1));
        assertThat(small.add(new WriteId("a", 3), counts(List.of(success(tomorrow))))).isZero();
    }

    @Test
    void countingShouldContinueAfterTheClockWasWrong() {
        for (int day = 0; day < 10; day++) {
            assertThat(add(List.of(success(new TallyKey(DAY.plusDays(day), RCPT))))).as("day %s", day).isZero();
            memory.settle(memory.claim(new TallyKey(DAY.plusDays(day), RCPT), Due.everything(NEXT_DAY)).orElseThrow(), "sent");
        }
        for (int day = 300; day < 305; day++) {
            add(List.of(success(new TallyKey(DAY.plusDays(day), RCPT))));
        }

        assertThat(add(List.of(success(new TallyKey(DAY.plusDays(10), RCPT))))).isZero();
    }

    @Test
    void memoryShouldBeReleased() {
        long before = memory.bytesLeft();
        IntStream.range(0, 50).forEach(i -> add(List.of(failure(KEY, "reason " + i))));
        assertThat(memory.bytesLeft()).isLessThan(before);
        memory.settle(memory.claim(KEY, Due.everything(NOON)).orElseThrow(), "sent");
        add(List.of(failure(KEY, "more")));
        memory.forget(DAY.plusDays(1));

        assertThat(memory.bytesLeft()).isEqualTo(before);
    }
}
