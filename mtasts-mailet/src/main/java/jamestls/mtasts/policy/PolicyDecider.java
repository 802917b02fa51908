package jamestls.mtasts.policy;

import jamestls.mtasts.dns.DomainName;
import jamestls.mtasts.outcome.AppliedPolicy;
import jamestls.mtasts.outcome.PolicyType;
import jamestls.mtasts.policy.TlsDemand.Listing;
import jamestls.mtasts.policy.TlsDemand.Opportunistic;
import jamestls.mtasts.policy.TlsDemand.RequireTls;
import jamestls.mtasts.policy.TlsDemand.Strictness;
import jamestls.mtasts.policy.TlsDemand.Sts;
import jamestls.mtasts.policy.TlsDemand.Waived;
import jamestls.mtasts.sts.StsLookup;
import jamestls.mtasts.sts.StsPolicy;
import java.util.List;
import java.util.Optional;

/**
 * The one place with precedence rules: from what is known of the recipient domain, the MX host and the sender's wish to
 * the one demand that holds for this mail at this host. Pure; everything it needs was looked up before.
 */
public final class PolicyDecider {

    private PolicyDecider() {
    }

    /**
     * @param domain the policy domain, here always the recipient domain (RFC 8461 §3.4)
     * @param sts what its MTA-STS look-up came to
     * @param mxHost the host in question
     */
    public static TlsDemand decide(DomainName domain, StsLookup sts, TlsWish wish, DomainName mxHost) {
        TlsDemand byPolicy = ofRecipient(domain, sts, mxHost);
        return switch (wish) {
            case AS_POLICY_SAYS -> byPolicy;
            // RFC 8689 §4.2.1: the name must be validated by DNSSEC or MTA-STS; only an enforced policy is a promise
            case REQUIRED -> new RequireTls(Optional.of(byPolicy).filter(Sts.class::isInstance).map(Sts.class::cast)
                .filter(policy -> policy.strictness() == Strictness.ENFORCED));
            // RFC 8689 §3: as if the recipient had neither DANE nor MTA-STS
            case WAIVED -> new Waived();
        };
    }

    private static TlsDemand ofRecipient(DomainName domain, StsLookup sts, DomainName mxHost) {
        return switch (sts) {
            case StsLookup.NoPolicy none -> new Opportunistic(AppliedPolicy.none(domain), Optional.empty());
            // RFC 8461 §3.3: a policy that is announced but cannot be had, and none cached: as without MTA-STS, but reported
            case StsLookup.Unusable unusable -> new Opportunistic(
                new AppliedPolicy(PolicyType.STS, domain, List.of(), List.of()),
                Optional.of(unusable.problem()));
            case StsLookup.Found found -> ofPolicy(domain, found.policy(), mxHost);
        };
    }

    private static TlsDemand ofPolicy(DomainName domain, StsPolicy policy, DomainName mxHost) {
        Listing listing = policy.lists(mxHost) ? Listing.LISTED : Listing.NOT_LISTED;
        return switch (policy.mode()) {
            case ENFORCE -> new Sts(policy.applied(domain), Strictness.ENFORCED, listing);
            case TESTING -> new Sts(policy.applied(domain), Strictness.REPORT_ONLY, listing);
            // RFC 8461 §5: mode none is no active policy
            case NONE -> new Opportunistic(AppliedPolicy.none(domain), Optional.empty());
        };
    }
}
