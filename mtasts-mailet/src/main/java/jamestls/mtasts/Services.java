package jamestls.mtasts;

import jamestls.config.Parameters.FileLocator;
import jamestls.dns.Dns;
import jamestls.mtasts.delivery.DeliveryMetrics;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** What outbound delivery takes from its surroundings: from James, or from a command line. */
public interface Services extends FileLocator {

    /** The DNS servers to ask where no parameter names any; empty if they are not known. */
    List<InetSocketAddress> dnsServers();

    /** Our name in EHLO where no parameter says it. */
    String heloName();

    /** Opens the database of the policies; empty where nothing may be written, and policies are kept in memory. */
    Optional<Database> open(DatabaseAddress address, Clock clock);

    /** Counts what deliveries do. */
    DeliveryMetrics metrics();

    /** Publishes a number that is asked for now and then; it must not block. */
    void gauge(String name, Supplier<? extends Number> value);

    /** Looks on at every look-up; what is returned is asked in place of {@code dns}. */
    default Dns watched(Dns dns) {
        return dns;
    }
}
