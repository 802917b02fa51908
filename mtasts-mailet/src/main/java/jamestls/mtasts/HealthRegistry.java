package jamestls.mtasts;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/**
 * Connects the delivery mailets of a server with its health check. Without a binding Guice creates one instance for the whole server;
 * it must not depend on {@code MailetConfig}, or James would create one per mailet.
 */
@Singleton
public final class HealthRegistry {

    /** Supplies the present problems, one sentence each; empty if there are none. Called often, so it must not block. */
    @FunctionalInterface
    public interface HealthProbe extends Supplier<List<String>> {

        /** What is to be known although nothing is wrong, each as a sentence. Must not block either. */
        default List<String> notes() {
            return List.of();
        }
    }

    private final List<HealthProbe> probes = new CopyOnWriteArrayList<>();

    @Inject
    public HealthRegistry() {
        // probes are added and removed by the mailets
    }

    /** Adds a probe to the health check. */
    public void watch(HealthProbe probe) {
        probes.add(probe);
    }

    /** Removes a probe; unknown probes are ignored. */
    public void forget(HealthProbe probe) {
        probes.remove(probe);
    }

    /** The present problems of all mailets. */
    List<String> problems() {
        return probes.stream().flatMap(probe -> probe.get().stream()).toList();
    }

    /** All that is to be known although nothing is wrong. */
    List<String> notes() {
        return probes.stream().flatMap(probe -> probe.notes().stream()).toList();
    }

    /** Whether any delivery mailet is running. */
    boolean isAlive() {
        return !probes.isEmpty();
    }
}
