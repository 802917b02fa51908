package jamestls.mtasts;

import jakarta.inject.Inject;
import jamestls.dns.DnsServers;
import jamestls.mtasts.check.OwnDomainStore;
import jamestls.mtasts.delivery.DeliveryMetrics;
import jamestls.mtasts.held.HeldStore;
import jamestls.mtasts.policy.LiveServers;
import jamestls.mtasts.policy.Rules;
import jamestls.mtasts.sts.SqlPolicyStore;
import jamestls.mtasts.waiting.WaitingIndex;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.storage.Migrations;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.james.dnsservice.api.DNSService;
import org.apache.james.domainlist.api.DomainList;
import org.apache.james.domainlist.api.DomainListException;
import org.apache.james.filesystem.api.FileSystem;
import org.apache.james.mailrepository.api.MailRepositoryStore;
import org.apache.james.metrics.api.GaugeRegistry;
import org.apache.james.metrics.api.MetricFactory;

/** The services of James: DNS servers, names, files, metrics. Created by Guice. */
public class JamesServices implements Services {

    private final DNSService dns;
    private final DomainList domains;
    private final FileSystem files;
    private final MailRepositoryStore repositories;
    private final MetricFactory metrics;
    private final GaugeRegistry gauges;

    /**
     * @param dns the source of James's DNS servers and of the host name
     * @param domains the source of the default domain
     * @param files resolves {@code file://conf/}
     * @param repositories where mails may wait
     */
    @Inject
    public JamesServices(DNSService dns, DomainList domains, FileSystem files, MailRepositoryStore repositories, MetricFactory metrics,
                         GaugeRegistry gauges) {
        this.dns = dns;
        this.domains = domains;
        this.files = files;
        this.repositories = repositories;
        this.metrics = metrics;
        this.gauges = gauges;
    }

    @Override
    public List<InetSocketAddress> dnsServers() {
        return DnsServers.ofJames(dns);
    }

    /** The default domain, as in stock RemoteDelivery; if it has no dot, the name of this host. */
    @Override
    public String heloName() {
        try {
            String domain = domains.getDefaultDomain().asString();
            return domain.contains(".") ? domain : dns.getLocalHost().getCanonicalHostName();
        } catch (DomainListException | UnknownHostException e) {
            return "localhost";
        }
    }

    @Override
    public String serverName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return Services.super.serverName();
        }
    }

    @Override
    public Path locate(String location) throws IOException {
        return files.getFile(location).toPath();
    }

    @Override
    public Optional<Database> open(DatabaseAddress address, Clock clock) {
        List<Migrations> tables = new ArrayList<>(List.of(SqlPolicyStore.TABLES, HeldStore.TABLES, Rules.TABLES,
            OwnDomainStore.TABLES));
        if (address instanceof DatabaseAddress.PostgreSql) {
            tables.add(LiveServers.TABLES);
            tables.add(WaitingIndex.TABLES);
        }
        return Optional.of(Database.open(address, tables, clock));
    }

    @Override
    public Optional<MailRepositoryStore> repositories() {
        return Optional.ofNullable(repositories);
    }

    @Override
    public DeliveryMetrics metrics() {
        return DeliveryMetrics.of(metrics);
    }

    @Override
    public void gauge(String name, Supplier<? extends Number> value) {
        gauges.register(name, value::get);
    }
}
