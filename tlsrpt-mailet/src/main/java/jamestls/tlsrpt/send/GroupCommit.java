package jamestls.tlsrpt.send;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * Writes what many threads have to write in one transaction: what comes while one is under way makes the next. Each thread waits
 * for its own. Safe for many threads; one that is interrupted does not disturb the others, nor its own writing.
 *
 * @param <T> what is written
 * @param <R> what comes of it
 */
final class GroupCommit<T, R> {

    private final Function<List<T>, List<R>> transaction;
    private final ReentrantLock lock = new ReentrantLock();
    private List<Waiting<T, R>> next = new ArrayList<>();
    private boolean writing;

    private record Waiting<T, R>(T what, CompletableFuture<R> result) {
    }

    /** @param transaction all of the list or, on an exception, nothing; a result for each, in order */
    GroupCommit(Function<List<T>, List<R>> transaction) {
        this.transaction = transaction;
    }

    /** Returns when it is committed; what the transaction throws comes through, to all who were in it. */
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
            Thread.ofVirtual().name("tlsreport-commit").start(this::writeWhatThereIs);
        } catch (OutOfMemoryError noThread) {
            // the others wait for this writing, too
            writeWhatThereIs();
        }
    }

    private void writeWhatThereIs() {
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
