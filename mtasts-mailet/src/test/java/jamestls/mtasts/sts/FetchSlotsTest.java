package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FetchSlotsTest {

    private final Semaphore end = new Semaphore(0);
    private final AtomicInteger underWay = new AtomicInteger();
    private final List<CompletableFuture<Optional<String>>> fetches = new ArrayList<>();
    private final List<Thread> callers = new CopyOnWriteArrayList<>();

    @AfterEach
    void release() {
        end.release(10_000);
        fetches.forEach(CompletableFuture::join);
    }

    @Test
    void oneHostShouldHaveAnEighthOfTheFetches() {
        FetchSlots slots = new FetchSlots(64, Duration.ofMinutes(2));
        slow(slots, "hostile", 1_500);

        await().until(() -> underWay.get() == 8);
        assertThat(slots.run("honest", () -> "fetched")).contains("fetched");
        assertThat(underWay).hasValue(8);
    }

    @Test
    void freePlaceShouldGoToTheHostWithTheFewestFetches() {
        FetchSlots slots = new FetchSlots(16, Duration.ofMinutes(2));
        for (int host = 0; host < 8; host++) {
            slow(slots, "hostile" + host, 100);
        }
        // nobody comes or goes, so that the honest one waits for nothing but a place
        await().until(() -> underWay.get() == 16 && callers.stream().allMatch(caller -> caller.getState() == Thread.State.WAITING
            || caller.getState() == Thread.State.TIMED_WAITING));
        CompletableFuture<Optional<String>> honest = new CompletableFuture<>();
        Thread caller = Thread.startVirtualThread(() -> honest.complete(slots.run("honest", () -> "fetched")));
        await().until(() -> caller.getState() == Thread.State.WAITING);
        end.release();

        assertThat(honest.join()).as("before all that have waited longer").contains("fetched");
    }

    @Test
    void whoFindsNoPlaceInTimeShouldGoWithout() {
        FetchSlots slots = new FetchSlots(8, Duration.ofMillis(50));
        slow(slots, "hostile", 1);
        await().until(() -> underWay.get() == 1);

        assertThat(slots.run("hostile", () -> "fetched")).isEmpty();
        assertThat(slots.run("honest", () -> "fetched")).contains("fetched");
    }

    @Test
    void placeShouldBeGivenBackWhateverIsThrown() {
        FetchSlots slots = new FetchSlots(8, Duration.ofMillis(50));
        assertThatThrownBy(() -> slots.run("host", () -> {
            throw new StackOverflowError();
        })).isInstanceOf(StackOverflowError.class);

        assertThat(slots.run("host", () -> "fetched")).contains("fetched");
    }

    private void slow(FetchSlots slots, String host, int n) {
        for (int i = 0; i < n; i++) {
            fetches.add(CompletableFuture.supplyAsync(() -> slots.run(host, () -> {
                underWay.incrementAndGet();
                try {
                    end.acquire();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                } finally {
                    underWay.decrementAndGet();
                }
                return "slow";
            }), task -> callers.add(Thread.startVirtualThread(task))));
        }
    }
}
