package jamestls.tlsrpt.send;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.function.Function;

/** Does a list of things a few at a time, on virtual threads, so that one slow destination does not hold up the others. */
final class Abreast {

    private Abreast() {
    }

    /**
     * @return the results in the order of the list. When the caller is interrupted what has not begun does not begin, what
     *     has is interrupted and waited for, and the results are those that there are
     */
    static <T, R> List<R> map(int atOnce, List<T> things, Function<T, R> work) {
        ThreadFactory threads = Thread.ofVirtual().name("tlsreport-", 0).factory();
        List<R> results = new ArrayList<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(Math.max(1, Math.min(atOnce, things.size())), threads)) {
            List<Future<R>> futures = things.stream().map(thing -> executor.submit(() -> work.apply(thing))).toList();
            collect(futures, results, executor);
        }
        return results;
    }

    private static <R> void collect(List<Future<R>> futures, List<R> results, ExecutorService executor) {
        try {
            for (Future<R> future : futures) {
                results.add(future.get());
            }
        } catch (InterruptedException stopped) {
            executor.shutdownNow();
            Thread.currentThread().interrupt();
        } catch (ExecutionException failed) {
            throw new IllegalStateException("work that must not throw did", failed.getCause());
        }
    }
}
