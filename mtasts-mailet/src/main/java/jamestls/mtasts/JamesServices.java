package jamestls.mtasts;

import jakarta.inject.Inject;
import org.apache.james.dnsservice.api.DNSService;
import org.apache.james.domainlist.api.DomainList;
import org.apache.james.domainlist.api.DomainListException;
import org.apache.james.filesystem.api.FileSystem;
import org.apache.james.metrics.api.GaugeRegistry;
import org.apache.james.metrics.api.MetricFactory;

/**
 * What James gives to whoever delivers its mail. Guice makes it from what James binds.
 *
 * @param dns knows which servers James asks
 * @param domains knows what James calls itself
 * @param files knows where {@code file://conf/} is
 */
public record JamesServices(DNSService dns, DomainList domains, FileSystem files, MetricFactory metrics, GaugeRegistry gauges) {

    @Inject
    public JamesServices {
        // all James's own
    }

    /**
     * What stock RemoteDelivery says in EHLO: the default domain; or the name of this host, where the default domain is none
     * that another server could look up.
     */
    String heloName() {
        try {
            String domain = domains.getDefaultDomain().asString();
            return domain.contains(".") ? domain : dns.getLocalHost().getCanonicalHostName();
        } catch (DomainListException | java.net.UnknownHostException e) {
            return "localhost";
        }
    }
}
