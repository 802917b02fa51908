package jamestls.mtasts.policy;

import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.mtasts.dane.DaneLookup;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.mtasts.dane.TlsaSet.Strength;
import jamestls.mtasts.policy.TlsDemand.Dane;
import jamestls.mtasts.policy.TlsDemand.Listing;
import jamestls.mtasts.policy.TlsDemand.NamedByDnssec;
import jamestls.mtasts.policy.TlsDemand.Opportunistic;
import jamestls.mtasts.policy.TlsDemand.RequireTls;
import jamestls.mtasts.policy.TlsDemand.Strictness;
import jamestls.mtasts.policy.TlsDemand.Sts;
import jamestls.mtasts.policy.TlsDemand.Unreachable;
import jamestls.mtasts.policy.TlsDemand.Waived;
import jamestls.mtasts.sts.StsLookup;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.util.List;
import java.util.Optional;

/**
 * The one place with precedence rules: from what is known of the recipient domain, the MX host and the sender's wish to
 * the one demand that holds for this mail at this host. Pure; everything it needs was looked up before.
 */
public final class PolicyDecider {

    /**
     * What holds for all hosts of a recipient domain.
     *
     * @param domain the policy domain, always the recipient domain (RFC 8461 §3.4) or the host that is configured in its place
     * @param sts what its MTA-STS look-up came to
     * @param mx whether DNSSEC proves which hosts it has
     * @param dane what the operator demands
     */
    public record RecipientPolicy(DomainName domain, StsLookup sts, Security mx, DaneRequirement dane) {
    }

    /** What the operator demands of a destination in terms of DANE. */
    public enum DaneRequirement {
        /** Nothing: DANE is used where the recipient publishes it. */
        WHERE_PUBLISHED,
        /** Rather hold the mail than send it to a host without usable, secure TLSA records (RFC 7672 §6). */
        MANDATORY
    }

    private PolicyDecider() {
    }

    /**
     * @param dane what the host's TLSA look-up came to
     * @param mxHost the host in question
     */
    public static TlsDemand decide(RecipientPolicy recipient, DaneLookup dane, SenderTlsRequest wish, DomainName mxHost) {
        return switch (wish) {
            case AS_POLICY_SAYS -> ofHost(recipient, dane, mxHost);
            case REQUIRED -> required(recipient, ofHost(recipient, dane, mxHost));
            // RFC 8689 §3: as if the recipient had neither DANE nor MTA-STS
            case WAIVED -> new Waived();
        };
    }

    /** DANE first (RFC 8461 §2); a host that has none obeys the policy of the recipient domain. */
    private static TlsDemand ofHost(RecipientPolicy recipient, DaneLookup lookup, DomainName mxHost) {
        TlsDemand otherwise = ofRecipient(recipient.domain(), recipient.sts(), mxHost);
        boolean mandatory = recipient.dane() == DaneRequirement.MANDATORY;
        return switch (lookup) {
            case DaneLookup.Unreachable unknown -> new Unreachable(unknown.applied(), unknown.violation());
            case DaneLookup.NoAddress none -> otherwise;
            case DaneLookup.NoDane none when mandatory -> new Unreachable(TlsaSet.unknown(mxHost), daneRequired(none.reason()));
            case DaneLookup.NoDane none -> otherwise;
            // RFC 7672 §2.2.1, §6: where DANE is mandatory, what does not authenticate does not do
            case DaneLookup.Found found when mandatory && found.tlsa().strength() != Strength.AUTHENTICATES ->
                new Unreachable(found.tlsa().applied(), daneRequired(found.tlsa().usable().isEmpty()
                    ? "no TLSA record of " + mxHost + " is usable" : "the MX records of " + recipient.domain() + " are not secure"));
            case DaneLookup.Found found -> new Dane(found.tlsa(), otherwise);
        };
    }

    /** RFC 8689 §4.2.1: the host must be named by DNSSEC or by MTA-STS; only an enforced policy is a promise. */
    private static TlsDemand required(RecipientPolicy recipient, TlsDemand byPolicy) {
        boolean enforced = byPolicy.sts().filter(sts -> sts.strictness() == Strictness.ENFORCED).isPresent();
        return switch (byPolicy) {
            // may pass, so the mail waits rather than bounces
            case Unreachable never -> never;
            case Dane dane when enforced || dane.tlsa().strength() == Strength.AUTHENTICATES -> new RequireTls(Optional.of(dane));
            case Sts sts when enforced -> new RequireTls(Optional.of(sts));
            case TlsDemand any when recipient.mx() == Security.SECURE -> new RequireTls(Optional.of(new NamedByDnssec(any)));
            default -> new RequireTls(Optional.empty());
        };
    }

    private static Violation daneRequired(String reason) {
        return new Violation(ResultType.DANE_REQUIRED, reason);
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
