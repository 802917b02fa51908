package jamestls.mtasts.delivery;

import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.sts.StsPolicies;

/** The look-ups of a delivery: MX records, hosts, policies. */
public record Lookups(Destinations destinations, HostLookup hosts, StsPolicies policies) {

    /**
     * Where the mail goes. Begins what follows as soon as it is surely needed: the policy record beside the MX records, the addresses
     * of the first host beside the policy.
     *
     * @param smtpPort the port of all hosts without a configured port
     */
    Destination destination(OutboundMail mail, int smtpPort) {
        if (mail.nextHop().isPresent()) {
            return mail.nextHop().get().destination();
        }
        policies.prefetch(mail.domain());
        Destination destination = destinations.find(mail.domain());
        if (destination instanceof Destination.Hosts found) {
            MxHost first = found.inOrder().getFirst();
            hosts.prefetch(mail.domain(), found, first, first.port().orElse(smtpPort), mail.tlsRequest());
        }
        return destination;
    }
}
