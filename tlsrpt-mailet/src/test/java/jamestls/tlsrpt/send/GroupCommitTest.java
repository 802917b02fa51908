package jamestls.tlsrpt.send;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GroupCommitTest {

    private final List<List<Integer>> groups = new CopyOnWriteArrayList<>();
    private final CountDownLatch slow = new CountDownLatch(1);
    private final AtomicBoolean fails = new AtomicBoolean();
    private final GroupCommit<Integer, String> commit = new GroupCommit<>(this::write);

    private List<String> write(List<Integer> group) {
        groups.add(group);
        if (group.contains(0)) {
            CompletableFuture.runAsync(() -> awaitQuietly(slow)).join();
        }
        if (fails.get()) {
            throw new IllegalStateException("no");
        }
        return group.stream().map(Object::toString).toList();
    }

    @Test
    void whatComesMeanwhileShouldBeWrittenTogetherAndEachGetItsOwnResult() {
        Thread first = Thread.startVirtualThread(() -> commit.commit(0));
        await().until(() -> groups.size() == 1);
        List<CompletableFuture<String>> others = IntStream.range(1, 10).mapToObj(i -> later(i)).toList();
        await().until(() -> first.getState() == Thread.State.WAITING);
        slow.countDown();

        assertThat(others).extracting(CompletableFuture::join).containsExactly("1", "2", "3", "4", "5", "6", "7", "8", "9");
        assertThat(groups).hasSizeLessThan(10);
        assertThat(groups.stream().flatMap(List::stream)).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    }

    @Test
    void failureShouldReachItsGroupAndNobodyElse() {
        fails.set(true);
        assertThatThrownBy(() -> commit.commit(1)).isInstanceOf(IllegalStateException.class).hasMessage("no");

        fails.set(false);
        assertThat(commit.commit(2)).isEqualTo("2");
    }

    @Test
    void whatAnInterruptedThreadWritesShouldBeWritten() {
        Thread.currentThread().interrupt();

        assertThat(commit.commit(1)).isEqualTo("1");
        assertThat(Thread.interrupted()).isTrue();
    }

    private CompletableFuture<String> later(int what) {
        return CompletableFuture.supplyAsync(() -> commit.commit(what), Thread::startVirtualThread);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
