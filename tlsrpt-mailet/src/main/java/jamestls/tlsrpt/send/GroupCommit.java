package jamestls.tlsrpt.send;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * Groups the writes of many threads into common transactions: entries that arrive during one transaction form the next. Each thread waits
 * until its own entry is committed. Thread-safe; an interrupt affects neither the other threads nor the thread's own write.
 *
 * @param <T> an entry
 * @param <R> the result of one entry
 */
final class GroupCommit<T, R> {

    private final Function<List<T>, List<R>> transaction;
    private final ReentrantLock lock = new ReentrantLock();
    private List<Waiting<T, R>> next = new ArrayList<>();
    private boolean writing;

    private record Waiting<T, R>(T what, CompletableFuture<R> result) {
    }

    /** @param transaction writes the whole list or, on an exception, nothing; returns one result for each entry, in order */
    GroupCommit(Function<List<T>, List<R>> transaction) {
        this.transaction = transaction;
    }

    /** Returns the result when the entry is committed; an exception of the transaction is thrown to all threads that took part. */
    R commit(T what) {
        Waiting<T, R> waiting = new Waiting<>(what, new CompletableFuture<>());
        boolean first;
        lock.lock();
        try {
            next.add(waiting);
            first = !writing;
            writing = true;
        } finally {
            lock.unlock();
        }
        if (first) {
            start();
        }
        try {
            return waiting.result().join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    private void start() {
        try {
            Thread.ofVirtual().name("tlsreport-commit").start(this::writeAll);
        } catch (OutOfMemoryError noThread) {
            // the other threads wait for this write as well
            writeAll();
        }
    }

    private void writeAll() {
        List<Waiting<T, R>> group = take();
        while (!group.isEmpty()) {
            write(group);
            group = take();
        }
    }

    private List<Waiting<T, R>> take() {
        lock.lock();
        try {
            List<Waiting<T, R>> group = next;
            next = new ArrayList<>();
            writing = !group.isEmpty();
            return group;
        } finally {
            lock.unlock();
        }
    }

    private void write(List<Waiting<T, R>> group) {
        try {
            List<R> results = transaction.apply(group.stream().map(Waiting::what).toList());
            for (int i = 0; i < group.size(); i++) {
                group.get(i).result().complete(results.get(i));
            }
        } catch (RuntimeException | Error e) {
            group.forEach(waiting -> waiting.result().completeExceptionally(e));
        }
    }
}
