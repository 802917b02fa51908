package jamestls.mtasts.mx;

import jamestls.dns.DomainName;
import jamestls.dns.Security;
import java.util.List;
import java.util.Optional;

/** The hosts for mail to a domain, or why there are none (RFC 5321 §5.1). */
public sealed interface Destination {

    /**
     * Hosts to deliver to.
     *
     * @param inOrder the hosts in the order to try them, each once, at least one, at most {@link Destinations#MAX_HOSTS}
     * @param security the DNSSEC state of the MX look-up
     * @param alias the canonical name of the domain, if its MX records were found through CNAMEs
     */
    record Hosts(List<MxHost> inOrder, Security security, Optional<DomainName> alias) implements Destination {
        public Hosts(List<MxHost> inOrder, Security security) {
            this(inOrder, security, Optional.empty());
        }

        public Hosts {
            inOrder = List.copyOf(inOrder);
        }
    }

    /** The domain does not accept mail (null MX, RFC 7505). */
    record TakesNoMail() implements Destination {
    }

    /**
     * This server is the best host of the domain itself, so delivery would loop (RFC 5321 §5.1).
     *
     * @param ourselves the host that is this server
     */
    record LoopsBack(MxHost ourselves) implements Destination {
    }

    /**
     * No MX record has a host name, so no delivery is possible until the zone is repaired.
     *
     * @param reason one line, sanitized
     */
    record NoHostName(String reason) implements Destination {
    }

    /** The look-up failed, which is never a reason to bounce. */
    record Unknown(String reason, Cause cause) implements Destination {
        public Unknown(String reason) {
            this(reason, Cause.NO_ANSWER);
        }
    }

    /** Why the hosts of a domain are unknown. */
    enum Cause {
        NO_ANSWER,
        /** DNSSEC validation failed. */
        BOGUS
    }
}
