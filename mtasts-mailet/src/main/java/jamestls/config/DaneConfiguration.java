package jamestls.config;

import jakarta.mail.MessagingException;
import java.util.Arrays;
import java.util.List;

/**
 * The parameters about DANE (RFC 7672).
 *
 * @param use {@code dane}: whether TLSA records are looked up at all
 * @param insecureMx {@code insecureMx}: what counts where DNSSEC proves the host and not the MX record that names it
 * @param mandatory {@code mandatoryDane}: recipient domains that get mail under DANE or not at all; texts, not yet read
 */
public record DaneConfiguration(Use use, InsecureMx insecureMx, List<String> mandatory) {

    /** Whether DANE is used. */
    public enum Use { ON, OFF }

    /** What TLSA records are worth below an insecure MX record (RFC 7672 §2.2.1). */
    public enum InsecureMx {
        /** The host must satisfy them; the mail counts as encrypted, not as authenticated. */
        DANE,
        /** Nothing. */
        IGNORE
    }

    public DaneConfiguration {
        mandatory = List.copyOf(mandatory);
    }

    static DaneConfiguration of(Parameters parameters) throws MessagingException {
        String use = parameters.text("dane").orElse("on");
        if (!use.equals("on") && !use.equals("off")) {
            throw DeliveryConfiguration.invalid("dane", use, "on, off");
        }
        String insecureMx = parameters.text("insecureMx").orElse("dane");
        if (!insecureMx.equals("dane") && !insecureMx.equals("ignore")) {
            throw DeliveryConfiguration.invalid("insecureMx", insecureMx,
                "dane: TLSA records of hosts count even if DNSSEC does not prove the MX record; ignore: they don't");
        }
        return new DaneConfiguration(use.equals("on") ? Use.ON : Use.OFF,
            insecureMx.equals("dane") ? InsecureMx.DANE : InsecureMx.IGNORE,
            Arrays.stream(parameters.text("mandatoryDane").orElse("").split(",")).map(String::strip)
                .filter(name -> !name.isEmpty()).toList());
    }
}
