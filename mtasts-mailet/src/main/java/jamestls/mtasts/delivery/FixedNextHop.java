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
 * A next hop that is not looked up in MX records: a gateway, or the address of an address literal.
 *
 * @param host the host
 * @param tls how TLS is started there
 * @param certificate what the operator requires of its certificate, apart from any policy
 * @param login the credentials for AUTH, if it is used
 */
record FixedNextHop(MxHost host, TlsUse tls, Certificate certificate, Optional<SmtpCredentials> login) {

    /** What the operator requires of the certificate. */
    enum Certificate {
        /** A trusted chain and the host's name; without them no mail is sent. */
        VERIFIED,
        /** Nothing. A policy of the host's domain decides, if there is one. */
        AS_POLICY_SAYS
    }

    /** The next hop for an address literal. It has no name, so no policy (RFC 8461 §3) and no certificate name to verify. */
    static FixedNextHop address(MxHost literal) {
        return new FixedNextHop(literal, TlsUse.IF_OFFERED, Certificate.AS_POLICY_SAYS, Optional.empty());
    }

    Destination destination() {
        // RFC 7672 §2.2.2: a configured name is secure, because it does not come from DNS
        return new Destination.Hosts(List.of(host), isNamed() ? Security.SECURE : Security.INSECURE);
    }

    /** Whether the host has a name that may have a policy. */
    boolean isNamed() {
        return host.address().isEmpty();
    }

    /**
     * Whether sessions with it are counted for TLS reports. Not so for a host without a name or one that the operator answers for, which
     * have no domain to report to, and not for submission (RFC 8460 §1.1: only relaying counts), that is with a login or TLS from the
     * first byte.
     */
    boolean isCounted() {
        return isNamed() && certificate == Certificate.AS_POLICY_SAYS && login.isEmpty() && tls == TlsUse.IF_OFFERED;
    }

    /** The demand of the operator; empty if policies decide. */
    Optional<TlsDemand> demand(SenderTlsRequest request) {
        if (certificate == Certificate.AS_POLICY_SAYS) {
            return Optional.empty();
        }
        // RFC 8689 §4.2.1 asks for a secure host name, which a configured name is
        TlsDemand.Sts verified = new TlsDemand.Sts(AppliedPolicy.none(host.name()), Strictness.ENFORCED, Listing.LISTED);
        return Optional.of(request == SenderTlsRequest.REQUIRED ? new TlsDemand.RequireTls(Optional.of(verified)) : verified);
    }
}
