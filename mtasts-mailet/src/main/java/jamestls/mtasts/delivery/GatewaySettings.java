package jamestls.mtasts.delivery;

import jamestls.mtasts.mx.Gateways;
import jamestls.smtp.SmtpConnector.TlsUse;
import jamestls.smtp.SmtpCredentials;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * How mail goes through gateways.
 *
 * @param gateways the hosts, at least one
 * @param tls at once (port 465) or by STARTTLS
 * @param verification whether their certificates must be good
 * @param login who we are there
 * @param random decides whom to try first, where that is to be random
 */
public record GatewaySettings(Gateways gateways, TlsUse tls, Verification verification, Optional<SmtpCredentials> login,
    RandomGenerator random) {

    /** Whether the operator demands TLS with a good certificate. */
    public enum Verification { DEMANDED, NOT_DEMANDED }

    List<FixedNextHop> inOrder() {
        FixedNextHop.Certificate certificate = verification == Verification.DEMANDED ? FixedNextHop.Certificate.VERIFIED
            : FixedNextHop.Certificate.AS_POLICY_SAYS;
        return gateways.inOrder(random).stream().map(host -> new FixedNextHop(host, tls, certificate, login)).toList();
    }
}
