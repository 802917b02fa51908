package jamestls.fakeinternet;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.xbill.DNS.Name;
import org.xbill.DNS.Type;

/** What goes wrong or slowly, by name, or by name and type. May be changed while the server runs. */
public final class DnsFaults {

    private record Spot(Name name, int type) {
    }

    private final Map<Spot, DnsFault> faults = new ConcurrentHashMap<>();
    private final AtomicReference<Optional<DnsFault>> everywhere = new AtomicReference<>(Optional.empty());
    private final Map<Name, Duration> delays = new ConcurrentHashMap<>();
    private final AtomicReference<Duration> latency = new AtomicReference<>(Duration.ZERO);

    /** Every type at {@code name} goes wrong. */
    public DnsFaults set(String name, DnsFault fault) {
        faults.put(new Spot(Zone.name(name), Type.ANY), fault);
        return this;
    }

    /** One type at {@code name} goes wrong. */
    public DnsFaults set(String name, String type, DnsFault fault) {
        faults.put(new Spot(Zone.name(name), Type.value(type)), fault);
        return this;
    }

    /** Every question goes wrong that has no fault of its own; empty to mend that. */
    public DnsFaults all(Optional<DnsFault> fault) {
        everywhere.set(fault);
        return this;
    }

    /** Answers for {@code name} come that much later. */
    public DnsFaults delay(String name, Duration delay) {
        delays.put(Zone.name(name), delay);
        return this;
    }

    /** All answers come that much later, but those that have a delay of their own. */
    public DnsFaults latency(Duration roundTrip) {
        latency.set(roundTrip);
        return this;
    }

    /** All is well again with {@code name}. */
    public DnsFaults clear(String name) {
        Name healed = Zone.name(name);
        faults.keySet().removeIf(spot -> spot.name().equals(healed));
        delays.remove(healed);
        return this;
    }

    Optional<DnsFault> of(Name name, int type) {
        return Optional.ofNullable(faults.getOrDefault(new Spot(name, type), faults.get(new Spot(name, Type.ANY)))).or(everywhere::get);
    }

    Duration delayOf(Name name) {
        return delays.getOrDefault(name, latency.get());
    }
}
