package jamestls.mtasts;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The deliveries of the SecureRemoteDelivery mailets that have started, for the routes of webadmin, which may start before them. Nobody
 * binds this class, so Guice makes one for the whole server; it must never depend on {@code MailetConfig}, or each mailet would get its
 * own.
 */
@Singleton
public final class RunningDeliveries {

    private final List<Outbound> running = new CopyOnWriteArrayList<>();

    @Inject
    public RunningDeliveries() {
        // mailets register when they start
    }

    /** Registers a delivery. */
    public void add(Outbound outbound) {
        running.add(outbound);
    }

    /** Removes a delivery that is about to be closed; unknown ones are ignored. */
    public void remove(Outbound outbound) {
        running.remove(outbound);
    }

    /** In the order in which they started; empty until one has. */
    public List<Outbound> all() {
        return List.copyOf(running);
    }
}
