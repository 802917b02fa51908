package jamestls.mtasts.mx;

import jamestls.dns.DomainName;
import jamestls.dns.Security;
import java.util.List;
import java.util.Optional;

/** Where mail for a domain goes (RFC 5321 §5.1). */
public sealed interface Destination {

    /**
     * @param inOrder the hosts in the order to try them, each once, at least one, at most {@link Destinations#MAX_HOSTS}
     * @param security of the MX look-up
     * @param alias what the domain is an alias of, if its MX records were found through CNAMEs
     */
    record Hosts(List<MxHost> inOrder, Security security, Optional<DomainName> alias) implements Destination {
        public Hosts(List<MxHost> inOrder, Security security) {
            this(inOrder, security, Optional.empty());
        }

        public Hosts {
            inOrder = List.copyOf(inOrder);
        }
    }

    /** The domain says that it takes no mail (RFC 7505). */
    record TakesNoMail() implements Destination {
    }

    /**
     * This server is itself the best host for the domain, so there is nobody to hand the mail to (RFC 5321 §5.1).
     *
     * @param ourselves the host that is this server
     */
    record LoopsBack(MxHost ourselves) implements Destination {
    }

    /**
     * No MX record names a host, so nobody can deliver there until the zone is mended.
     *
     * @param reason for people, clean
     */
    record NoHostName(String reason) implements Destination {
    }

    /** It could not be found out now. Never a reason to bounce. */
    record Unknown(String reason, Cause cause) implements Destination {
        public Unknown(String reason) {
            this(reason, Cause.NO_ANSWER);
        }
    }

    /** Why the hosts of a domain are unknown. */
    enum Cause {
        NO_ANSWER,
        /** There was an answer, and its DNSSEC signatures do not fit. */
        BOGUS
    }
}
