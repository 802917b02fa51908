package jamestls.mtasts;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/**
 * Where the delivery mailets of a server say how they do, and its health check hears it. Nobody binds this class, so Guice
 * makes one for all; it must never depend on {@code MailetConfig}, or each mailet would get its own.
 */
@Singleton
public final class HealthRegistry {

    /** What is not as it should be at the moment, each as a sentence; empty if all is well. Requests often, so it must not block. */
    @FunctionalInterface
    public interface HealthProbe extends Supplier<List<String>> {
    }

    private final List<HealthProbe> organs = new CopyOnWriteArrayList<>();

    @Inject
    public HealthRegistry() {
        // what it watches comes and goes
    }

    /** From now on the health check asks it, too. */
    public void watch(HealthProbe organ) {
        organs.add(organ);
    }

    /** It is asked no more. Unknown ones are ignored. */
    public void forget(HealthProbe organ) {
        organs.remove(organ);
    }

    /** All that is wrong now. */
    List<String> problems() {
        return organs.stream().flatMap(organ -> organ.get().stream()).toList();
    }

    /** Whether any delivery runs at all. */
    boolean isAlive() {
        return !organs.isEmpty();
    }
}
