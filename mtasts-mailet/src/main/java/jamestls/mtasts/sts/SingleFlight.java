package jamestls.mtasts.sts;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;

/**
 * Lets one piece of work per key run at a time; whoever comes meanwhile waits for it and shares its result. The work runs on
 * a virtual thread of its own, so that a caller that is interrupted cannot spoil it for the others. There are never more
 * pieces of work than callers.
 *
 * <p>Callers wait without being interruptible: the work must end by itself, and a fetch does, by its deadline. A caller that
 * gave up early would have to deliver without knowing the policy.
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
        Thread.ofVirtual().name("sts-" + key).start(() -> fly(key, mine, work));
        return mine.join();
    }

    private void fly(K key, CompletableFuture<V> flight, Supplier<V> work) {
        try {
            V result = work.get();
            // taken off before anyone can see the result: who asks after it has come gets a flight of their own
            flights.remove(key, flight);
            flight.complete(result);
        } catch (RuntimeException | Error e) {
            flights.remove(key, flight);
            flight.completeExceptionally(e);
        }
    }
}
