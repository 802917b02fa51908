package jamestls.mtasts.sts;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;

/**
 * Runs one piece of work per key at a time; callers that come meanwhile wait for it and share its result. The work runs on a virtual
 * thread of its own, so that an interrupted caller does not stop it for the others.
 *
 * <p>Callers are not interruptible, so the work must end by itself, as a fetch does by its deadline. A caller that gave up early would
 * deliver without knowing the policy.
 */
final class SingleFlight<K, V> {

    private final ConcurrentMap<K, CompletableFuture<V>> flights = new ConcurrentHashMap<>();

    /** @throws java.util.concurrent.CompletionException when the work throws, for every caller that waited for it */
    V run(K key, Supplier<V> work) {
        CompletableFuture<V> mine = new CompletableFuture<>();
        CompletableFuture<V> running = flights.putIfAbsent(key, mine);
        if (running != null) {
            return running.join();
        }
        try {
            Thread.ofVirtual().name("sts-" + key).start(() -> fly(key, mine, work));
        } catch (OutOfMemoryError noThread) {
            // others may wait for this flight already
            fly(key, mine, work);
        }
        return mine.join();
    }

    private void fly(K key, CompletableFuture<V> flight, Supplier<V> work) {
        try {
            V result = work.get();
            // removed before the result is visible, so that later callers start new work
            flights.remove(key, flight);
            flight.complete(result);
        } catch (RuntimeException | Error e) {
            flights.remove(key, flight);
            flight.completeExceptionally(e);
        }
    }
}
