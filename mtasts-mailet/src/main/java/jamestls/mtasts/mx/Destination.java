package jamestls.mtasts.mx;

import java.util.List;
import jamestls.mtasts.dns.Security;

/** Where mail for a domain goes (RFC 5321 §5.1). */
public sealed interface Destination {

    /**
     * @param inOrder the hosts in the order to try them, at least one, at most {@link Destinations#MOST_HOSTS}
     * @param security of the MX look-up
     */
    record Hosts(List<MxHost> inOrder, Security security) implements Destination {
        public Hosts {
            inOrder = List.copyOf(inOrder);
        }
    }

    /** The domain says that it takes no mail (RFC 7505). */
    record TakesNoMail() implements Destination {
    }

    /** It could not be found out now. Never a reason to bounce. */
    record Unknown(String reason) implements Destination {
    }
}
