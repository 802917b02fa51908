package jamestls.mtasts;

import jamestls.config.ConfigurationException;
import jamestls.config.Parameters;
import jamestls.dns.DnsSettings;
import jamestls.dns.DomainName;
import jamestls.https.HttpsSettings;
import jamestls.mtasts.check.OwnDomainSettings;
import jamestls.mtasts.dane.DaneScope;
import jamestls.mtasts.delivery.DeliverySettings;
import jamestls.mtasts.mx.AddressOrder.Families;
import jamestls.mtasts.policy.RuleSettings;
import jamestls.mtasts.sts.StsSettings;
import jamestls.smtp.ReuseLimits;
import jamestls.smtp.SmtpSettings;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The settings of SecureRemoteDelivery: those of all packages, read once from its parameters. */
public record OutboundSettings(DnsSettings dns, HttpsSettings https, Sessions sessions, Policies policies, DeliverySettings delivery,
                               OwnDomainSettings own) {

    /** How servers are connected to. */
    record Sessions(SmtpSettings smtp, ReuseLimits reuse, Families families) {
    }

    /** What decides about the demand for an MX host. */
    record Policies(StsSettings sts, DaneScope dane, RuleSettings rules) {
    }

    public SmtpSettings smtp() {
        return sessions.smtp;
    }

    public StsSettings sts() {
        return policies.sts;
    }

    public RuleSettings rules() {
        return policies.rules;
    }

    /** @throws ConfigurationException naming every mistake */
    public static OutboundSettings of(Parameters parameters, Services services) throws ConfigurationException {
        return of(parameters, services, Clock.systemUTC());
    }

    /** @param clock tells which rules have ended */
    static OutboundSettings of(Parameters parameters, Services services, Clock clock) throws ConfigurationException {
        OutboundSettings settings = read(parameters, services.dnsServers(), services.heloName(), clock);
        parameters.check();
        return settings;
    }

    /** Why SecureRemoteDelivery has no parameter of that name, and what to write instead; empty if it has one. */
    public static Optional<String> objection(String name) {
        Parameters none = new Parameters(SecureRemoteDelivery.NAME, Map.of(), new StockNames(), Path::of);
        read(none, List.of(), "localhost", Clock.systemUTC());
        return none.objection(name);
    }

    /**
     * The values for which James would not start. Opens nothing but files that parameters name.
     *
     * @param written parameters by name, variables filled in
     */
    public static List<Parameters.Mistake> mistakes(Map<String, String> written, Parameters.FileLocator files) {
        Parameters parameters = new Parameters(SecureRemoteDelivery.NAME, written, new StockNames(), files);
        read(parameters, List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), 53)), "localhost", Clock.systemUTC());
        return parameters.mistakes();
    }

    private static OutboundSettings read(Parameters parameters, List<InetSocketAddress> usualServers, String usualName, Clock clock) {
        DeliverySettings delivery = DeliverySettings.of(parameters);
        Set<DomainName> mandatoryDane = RuleSettings.mandatoryDane(parameters);
        delivery.gateways().ifPresent(gateways -> gateways.checkMandatoryDane(mandatoryDane, parameters));
        StsSettings sts = StsSettings.of(parameters);
        return new OutboundSettings(DnsSettings.of(parameters, usualServers), HttpsSettings.of(parameters),
            new Sessions(SmtpSettings.of(parameters, usualName),
                ReuseLimits.of(parameters, delivery.limits().perDestination(), delivery.limits().deliveries()),
                parameters.oneOf("addressFamilies", Families.BOTH, Families.values())),
            new Policies(sts, DaneScope.of(parameters),
                RuleSettings.of(parameters, mandatoryDane, clock.instant())),
            delivery, OwnDomainSettings.of(parameters, sts.database()));
    }
}
