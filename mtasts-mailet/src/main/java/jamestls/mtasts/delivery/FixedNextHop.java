package jamestls.mtasts.delivery;

import jamestls.dns.Security;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.policy.TlsDemand.Listing;
import jamestls.mtasts.policy.TlsDemand.Strictness;
import jamestls.outcome.AppliedPolicy;
import jamestls.smtp.SmtpConnector.TlsUse;
import jamestls.smtp.SmtpCredentials;
import java.util.List;
import java.util.Optional;

/**
 * The one host a mail goes to, where that is not for MX records to say: a gateway, or the address of an address literal.
 *
 * @param host the host
 * @param tls how TLS is begun there
 * @param certificate what the operator demands of its certificate, whatever a policy says
 * @param login who we are there
 */
record FixedNextHop(MxHost host, TlsUse tls, Certificate certificate, Optional<SmtpCredentials> login) {

    /** What the operator demands. */
    enum Certificate {
        /** A trusted chain, and the host's name in it; no mail without. */
        VERIFIED,
        /** Nothing. If the host's domain has a policy, that decides. */
        AS_POLICY_SAYS
    }

    /** To a bare address: it has no name, hence no policy (RFC 8461 §3) and nothing to verify. */
    static FixedNextHop address(MxHost literal) {
        return new FixedNextHop(literal, TlsUse.IF_OFFERED, Certificate.AS_POLICY_SAYS, Optional.empty());
    }

    Destination destination() {
        // RFC 7672 §2.2.2: a name that the operator configured was not taken from DNS, so nobody could have forged it there
        return new Destination.Hosts(List.of(host), isNamed() ? Security.SECURE : Security.INSECURE);
    }

    /** Whether the host has a name that may have a policy. */
    boolean isNamed() {
        return host.address().isEmpty();
    }

    /** What the operator demands of the session; empty if that is for policies to say. */
    Optional<TlsDemand> demand(SenderTlsRequest wish) {
        if (certificate == Certificate.AS_POLICY_SAYS) {
            return Optional.empty();
        }
        // no MX record was involved, so nobody could have forged the name: RFC 8689 §4.2.1 asks for no more
        TlsDemand.Sts verified = new TlsDemand.Sts(AppliedPolicy.none(host.name()), Strictness.ENFORCED, Listing.LISTED);
        return Optional.of(wish == SenderTlsRequest.REQUIRED ? new TlsDemand.RequireTls(Optional.of(verified)) : verified);
    }
}
