package jamestls.mtasts;

import jakarta.mail.MessagingException;
import jamestls.config.DaneConfiguration;
import jamestls.config.DeliveryConfiguration;
import jamestls.dns.Dns;
import jamestls.dns.DomainName;
import jamestls.mtasts.dane.DaneScope;
import jamestls.mtasts.dane.TlsaRecords;
import jamestls.mtasts.delivery.HostLookup;
import java.util.HashSet;
import java.util.Set;

/** What the parameters about DANE mean to the rooms. */
record DaneSettings(DaneScope scope, Set<DomainName> mandatory) {

    /** @throws MessagingException when {@code mandatoryDane} holds something else than domain names */
    static DaneSettings of(DaneConfiguration configuration) throws MessagingException {
        return new DaneSettings(scope(configuration), mandatory(configuration));
    }

    HostLookup planner(Dns dns) {
        return new HostLookup(dns, new TlsaRecords(dns, scope), mandatory);
    }

    private static DaneScope scope(DaneConfiguration configuration) {
        return switch (configuration.use()) {
            case OFF -> DaneScope.OFF;
            case ON -> switch (configuration.insecureMx()) {
                case DANE -> DaneScope.ANY_MX;
                case IGNORE -> DaneScope.SECURE_MX;
            };
        };
    }

    private static Set<DomainName> mandatory(DaneConfiguration configuration) throws MessagingException {
        Set<DomainName> domains = new HashSet<>();
        for (String text : configuration.mandatory()) {
            domains.add(DomainName.parse(text).orElseThrow(() -> DeliveryConfiguration.invalid("mandatoryDane", text,
                "domain names separated by commas, such as 'example.org, example.net'")));
        }
        return domains;
    }
}
