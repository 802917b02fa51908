package jamestls.mtasts.dane;

import jamestls.config.Parameters;
import jamestls.dns.DomainName;
import java.util.HashSet;
import java.util.Set;

/**
 * Where DANE is used, and where it is demanded.
 *
 * @param scope which hosts' TLSA records count
 * @param mandatory recipient domains that get mail under authenticated DANE or not at all (RFC 7672 §6)
 */
public record DaneSettings(DaneScope scope, Set<DomainName> mandatory) {

    private enum Use { ON, OFF }

    private enum InsecureMx { DANE, IGNORE }

    public DaneSettings {
        mandatory = Set.copyOf(mandatory);
    }

    /** Reads the parameters {@code dane}, {@code insecureMx} and {@code mandatoryDane}. */
    public static DaneSettings of(Parameters parameters) {
        Use use = parameters.oneOf("dane", Use.ON, Use.values());
        InsecureMx insecureMx = parameters.oneOf("insecureMx", InsecureMx.DANE, InsecureMx.values());
        Set<DomainName> mandatory = new HashSet<>();
        for (String text : parameters.list("mandatoryDane")) {
            DomainName.parse(text).ifPresentOrElse(mandatory::add, () -> parameters.invalid("mandatoryDane",
                "domain names separated by commas, such as 'example.org, example.net'; '" + text + "' is none"));
        }
        return new DaneSettings(use == Use.OFF ? DaneScope.OFF : insecureMx == InsecureMx.DANE ? DaneScope.ANY_MX : DaneScope.SECURE_MX,
            mandatory);
    }
}
