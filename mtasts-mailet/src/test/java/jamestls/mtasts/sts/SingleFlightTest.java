package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SingleFlightTest {

    private final SingleFlight<String, Integer> flights = new SingleFlight<>();
    private final AtomicInteger work = new AtomicInteger();

    @Test
    void callersThatComeMeanwhileShouldShareTheResult() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        CountDownLatch called = new CountDownLatch(8);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Integer> first = threads.submit(() -> flights.run("a", () -> waitFor(gate)));
            await().until(() -> work.get() == 1);
            List<Future<Integer>> others = IntStream.range(0, 8).mapToObj(i -> threads.submit(() -> {
                called.countDown();
                return flights.run("a", work::incrementAndGet);
            })).toList();
            called.await();
            assertThat(flights.run("b", () -> 42)).isEqualTo(42);
            gate.countDown();

            assertThat(first.get()).isEqualTo(1);
            for (Future<Integer> other : others) {
                // 1 from the shared flight; a thread that was counted in but late starts one of its own
                assertThat(other.get()).isGreaterThanOrEqualTo(1);
            }
        }
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

        assertThat(result).succeedsWithin(java.time.Duration.ofSeconds(10)).isEqualTo(1);
    }

    private int waitFor(CountDownLatch gate) {
        int result = work.incrementAndGet();
        try {
            assertThat(gate.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return result;
    }
}
