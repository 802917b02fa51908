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
import org.apache.james.mailrepository.api.MailRepositoryStore;

/** The services that outbound delivery needs from James or from the command line. */
public interface Services extends FileLocator {

    /** The DNS servers to use without the parameter {@code dnsServers}; empty if unknown. */
    List<InetSocketAddress> dnsServers();

    /** The name in EHLO without the parameter {@code heloName}. */
    String heloName();

    /** The name of this machine, the same after a restart. */
    default String serverName() {
        return "here";
    }

    /** Opens the database of policies; empty if policies are to be kept in memory only. */
    Optional<Database> open(DatabaseAddress address, Clock clock);

    /** James's mail repositories; empty without James. */
    default Optional<MailRepositoryStore> repositories() {
        return Optional.empty();
    }

    /** The metrics of deliveries. */
    DeliveryMetrics metrics();

    /** Publishes a gauge. The supplier is called at any time and must not block. */
    void gauge(String name, Supplier<? extends Number> value);

    /** Wraps DNS to record look-ups; the result is used in place of {@code dns}. */
    default Dns recorded(Dns dns) {
        return dns;
    }
}
