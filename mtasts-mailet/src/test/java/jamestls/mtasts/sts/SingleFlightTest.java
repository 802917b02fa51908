package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SingleFlightTest {

    private final SingleFlight<String, Integer> flights = new SingleFlight<>();
    private final AtomicInteger work = new AtomicInteger();

    @Test
    void callersThatComeMeanwhileShouldShareTheResult() {
        CountDownLatch gate = new CountDownLatch(1);
        List<Integer> results = new CopyOnWriteArrayList<>();
        List<Thread> callers = Stream.generate(() -> Thread.startVirtualThread(
            () -> results.add(flights.run("a", () -> waitFor(gate))))).limit(8).toList();
        // all of them are at the flight, and so is its only piece of work
        await().until(() -> work.get() > 0 && callers.stream().allMatch(caller -> caller.getState() == Thread.State.WAITING));
        assertThat(flights.run("b", () -> 42)).isEqualTo(42);
        gate.countDown();

        await().untilAsserted(() -> assertThat(results).hasSize(8).containsOnly(1));
        assertThat(work).hasValue(1);
        assertThat(flights.run("a", () -> -1)).isEqualTo(-1);
    }

    @Test
    void workThatThrowsShouldThrowForItsCallersAndLeaveNothingBehind() {
        assertThatThrownBy(() -> flights.run("a", () -> {
            throw new IllegalStateException("broken");
        })).isInstanceOf(CompletionException.class).hasRootCauseMessage("broken");
        assertThat(flights.run("a", () -> 1)).isEqualTo(1);
    }

    @Test
    void interruptedCallerShouldNotSpoilTheWork() {
        CompletableFuture<Integer> result = new CompletableFuture<>();
        Thread caller = Thread.ofVirtual().unstarted(() -> result.complete(flights.run("a", () -> {
            assertThat(Thread.currentThread().isInterrupted()).isFalse();
            return 1;
        })));
        caller.start();
        caller.interrupt();

        assertThat(result).succeedsWithin(Duration.ofSeconds(30)).isEqualTo(1);
    }

    private int waitFor(CountDownLatch gate) {
        int result = work.incrementAndGet();
        try {
            assertThat(gate.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return result;
    }
}
