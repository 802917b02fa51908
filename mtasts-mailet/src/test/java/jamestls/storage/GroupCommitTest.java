package jamestls.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GroupCommitTest {

    private final List<List<Integer>> groups = new CopyOnWriteArrayList<>();
    private final CountDownLatch slow = new CountDownLatch(1);
    private final AtomicBoolean fails = new AtomicBoolean();
    private final GroupCommit<Integer, String> commit = GroupCommit.onVirtualThreads("commit", this::write);

    @AfterEach
    void release() {
        slow.countDown();
    }

    /** The entry 0 takes until {@link #slow} is released. */
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
    void entriesSubmittedDuringAWriteShouldFormOneGroupAndEachGetItsOwnResult() {
        commit.submit(0);
        await().until(() -> groups.size() == 1);
        List<CompletableFuture<String>> others = IntStream.range(1, 10).mapToObj(commit::submit).toList();
        slow.countDown();

        assertThat(others).extracting(CompletableFuture::join).containsExactly("1", "2", "3", "4", "5", "6", "7", "8", "9");
        assertThat(groups).containsExactly(List.of(0), List.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
    }

    @Test
    void groupShouldHaveAMaximumSize() {
        GroupCommit<Integer, String> small = new GroupCommit<>(Thread::startVirtualThread, new GroupCommit.Limits(4, 100), this::write);
        small.submit(0);
        await().until(() -> groups.size() == 1);
        List<CompletableFuture<String>> others = IntStream.range(1, 10).mapToObj(small::submit).toList();
        slow.countDown();

        assertThat(others).extracting(CompletableFuture::join).hasSize(9);
        assertThat(groups).extracting(List::size).containsExactly(1, 4, 4, 1);
    }

    @Test
    void entryBeyondTheMaximumOfWaitingOnesShouldBeRefused() {
        GroupCommit<Integer, String> small = new GroupCommit<>(Thread::startVirtualThread, new GroupCommit.Limits(4, 2), this::write);
        small.submit(0);
        await().until(() -> groups.size() == 1);
        List<CompletableFuture<String>> others = List.of(small.submit(1), small.submit(2));

        assertThatThrownBy(() -> small.submit(3)).isInstanceOf(RejectedExecutionException.class).hasMessage("2 entries are waiting");
        slow.countDown();
        assertThat(others).extracting(CompletableFuture::join).containsExactly("1", "2");
    }

    @Test
    void executorThatRefusesShouldFailTheEntryAndNoLaterOne() {
        AtomicBoolean refuses = new AtomicBoolean(true);
        GroupCommit<Integer, String> refused = new GroupCommit<>(task -> {
            if (refuses.get()) {
                throw new RejectedExecutionException("closed");
            }
            task.run();
        }, GroupCommit.Limits.NONE, this::write);

        assertThatThrownBy(() -> refused.commit(1)).isInstanceOf(RejectedExecutionException.class).hasMessage("closed");
        refuses.set(false);
        assertThat(refused.commit(2)).isEqualTo("2");
        assertThat(groups).containsExactly(List.of(2));
    }

    @Test
    void failureShouldReachItsGroupOnly() {
        fails.set(true);
        assertThatThrownBy(() -> commit.commit(1)).isInstanceOf(IllegalStateException.class).hasMessage("no");

        fails.set(false);
        assertThat(commit.commit(2)).isEqualTo("2");
    }

    @Test
    void entryOfAnInterruptedThreadShouldBeWritten() {
        Thread.currentThread().interrupt();

        assertThat(commit.commit(1)).isEqualTo("1");
        assertThat(Thread.interrupted()).isTrue();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
