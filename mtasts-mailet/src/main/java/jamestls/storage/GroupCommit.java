package jamestls.storage;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Groups the writes of many threads into common transactions: entries that are submitted during one transaction form the next one. One
 * transaction runs at a time. Thread-safe.
 *
 * @param <T> an entry
 * @param <R> the result of one entry
 */
public final class GroupCommit<T, R> {

    private final Executor executor;
    private final Limits limits;
    private final Function<List<T>, List<R>> transaction;
    private final ReentrantLock lock = new ReentrantLock();
    private final Queue<Entry<T, R>> waiting = new ArrayDeque<>();
    private boolean writing;

    private record Entry<T, R>(T content, CompletableFuture<R> result) {
    }

    /**
     * Limits of the entries.
     *
     * @param group maximum number of entries in one transaction
     * @param waiting maximum number of entries that wait for a transaction
     */
    public record Limits(int group, int waiting) {

        public static final Limits NONE = new Limits(Integer.MAX_VALUE, Integer.MAX_VALUE);
    }

    /**
     * A group commit that runs its transactions on an executor.
     *
     * @param executor runs one task at a time for this object; a task ends when no entry is waiting
     * @param transaction writes all entries or, if it throws, none; returns one result per entry, in their order
     */
    public GroupCommit(Executor executor, Limits limits, Function<List<T>, List<R>> transaction) {
        this.executor = executor;
        this.limits = limits;
        this.transaction = transaction;
    }

    /**
     * A group commit without limits that runs its transactions on virtual threads.
     *
     * @param threadName name of the threads
     */
    public static <T, R> GroupCommit<T, R> onVirtualThreads(String threadName, Function<List<T>, List<R>> transaction) {
        return new GroupCommit<>(task -> Thread.ofVirtual().name(threadName).start(task), Limits.NONE, transaction);
    }

    /** As {@link #onVirtualThreads}, for entries without results. */
    public static <T> GroupCommit<T, Boolean> writing(String threadName, Consumer<List<T>> transaction) {
        return onVirtualThreads(threadName, entries -> {
            transaction.accept(entries);
            return Collections.nCopies(entries.size(), Boolean.TRUE);
        });
    }

    /**
     * Waits until the entry is committed. An interrupt does not end the wait.
     *
     * @return the result of the entry
     * @throws RuntimeException an exception of the transaction, thrown to all threads that took part
     */
    public R commit(T content) {
        try {
            return submit(content).join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    /**
     * Adds an entry without waiting for its commit.
     *
     * @return the result; fails with the exception of the transaction, or with a {@link RejectedExecutionException} of the executor
     * @throws RejectedExecutionException if too many entries are waiting
     */
    public CompletableFuture<R> submit(T content) {
        Entry<T, R> entry = new Entry<>(content, new CompletableFuture<>());
        boolean first;
        lock.lock();
        try {
            if (waiting.size() >= limits.waiting()) {
                throw new RejectedExecutionException(limits.waiting() + " entries are waiting");
            }
            waiting.add(entry);
            first = !writing;
            writing = true;
        } finally {
            lock.unlock();
        }
        if (first) {
            start();
        }
        return entry.result();
    }

    private void start() {
        try {
            executor.execute(this::writeAll);
        } catch (RejectedExecutionException e) {
            for (List<Entry<T, R>> group = take(); !group.isEmpty(); group = take()) {
                group.forEach(entry -> entry.result().completeExceptionally(e));
            }
        } catch (OutOfMemoryError noThread) {
            // other threads wait for this write as well
            writeAll();
        }
    }

    private void writeAll() {
        for (List<Entry<T, R>> group = take(); !group.isEmpty(); group = take()) {
            write(group);
        }
    }

    private List<Entry<T, R>> take() {
        lock.lock();
        try {
            List<Entry<T, R>> group = new ArrayList<>(Math.min(waiting.size(), limits.group()));
            while (!waiting.isEmpty() && group.size() < limits.group()) {
                group.add(waiting.remove());
            }
            writing = !group.isEmpty();
            return group;
        } finally {
            lock.unlock();
        }
    }

    private void write(List<Entry<T, R>> group) {
        try {
            List<R> results = transaction.apply(group.stream().map(Entry::content).toList());
            for (int i = 0; i < group.size(); i++) {
                group.get(i).result().complete(results.get(i));
            }
        } catch (RuntimeException | Error e) {
            group.forEach(entry -> entry.result().completeExceptionally(e));
        }
    }
}
