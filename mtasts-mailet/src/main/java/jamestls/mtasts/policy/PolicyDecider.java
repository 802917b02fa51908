package jamestls.mtasts.policy;

import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.mtasts.dane.DaneLookup;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.mtasts.dane.TlsaSet.Strength;
import jamestls.mtasts.policy.Rule.Level;
import jamestls.mtasts.policy.Rule.Requirement;
import jamestls.mtasts.policy.TlsDemand.ByLevel;
import jamestls.mtasts.policy.TlsDemand.Dane;
import jamestls.mtasts.policy.TlsDemand.Effect;
import jamestls.mtasts.policy.TlsDemand.Listing;
import jamestls.mtasts.policy.TlsDemand.DnssecName;
import jamestls.mtasts.policy.TlsDemand.Opportunistic;
import jamestls.mtasts.policy.TlsDemand.RequireTls;
import jamestls.mtasts.policy.TlsDemand.Ruled;
import jamestls.mtasts.policy.TlsDemand.Strictness;
import jamestls.mtasts.policy.TlsDemand.Sts;
import jamestls.mtasts.policy.TlsDemand.Unreachable;
import jamestls.mtasts.policy.TlsDemand.Waived;
import jamestls.mtasts.policy.Verdict.TlsLevel;
import jamestls.mtasts.sts.StsLookup;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Decides the one TLS demand for a mail at an MX host, from the policies of recipient domain and host and the sender's request. All
 * rules of precedence are here. Pure functions: all look-ups are done before.
 */
public final class PolicyDecider {

    /**
     * What is known of a recipient domain.
     *
     * @param domain the policy domain: the recipient domain (RFC 8461 §3.4), or the configured gateway
     * @param sts the result of the MTA-STS look-up
     * @param mx whether DNSSEC proves the MX records
     * @param dane whether the operator requires DANE
     */
    public record RecipientPolicy(DomainName domain, StsLookup sts, Security mx, DaneRequirement dane) {

        private RecipientPolicy with(DaneRequirement requirement) {
            return new RecipientPolicy(domain, sts, mx, requirement);
        }
    }

    /** Whether the operator requires DANE of a recipient domain. */
    public enum DaneRequirement {
        /** DANE is used where the recipient publishes it. */
        WHERE_PUBLISHED,
        /** Mail waits unless the host has usable, secure TLSA records (RFC 7672 §6). */
        MANDATORY
    }

    private PolicyDecider() {
    }

    /**
     * Decides the demand on a session.
     *
     * @param dane the result of the host's TLSA look-up
     * @param mxHost the MX host
     */
    public static TlsDemand decide(RecipientPolicy recipient, DaneLookup dane, SenderTlsRequest request, DomainName mxHost) {
        return switch (request) {
            case AS_POLICY_SAYS -> ofHost(recipient, dane, mxHost);
            case REQUIRED -> required(recipient, ofHost(recipient, dane, mxHost));
            // RFC 8689 §3: as if the recipient had neither DANE nor MTA-STS
            case WAIVED -> new Waived();
        };
    }

    /**
     * Likewise, with the operator's rules for the destination, which come last.
     *
     * @param rules those of the two look-ups, at most one each
     */
    public static TlsDemand decide(RecipientPolicy recipient, DaneLookup dane, SenderTlsRequest request, DomainName mxHost,
                                   List<Rule> rules) {
        if (rules.isEmpty()) {
            return decide(recipient, dane, request, mxHost);
        }
        boolean daneOnly = rules.stream().anyMatch(rule -> rule.requirement().level().filter(Level.DANE_ONLY::equals).isPresent());
        RecipientPolicy known = daneOnly ? recipient.with(DaneRequirement.MANDATORY) : recipient;
        TlsDemand own = decide(known, dane, request, mxHost);
        return switch (request) {
            case AS_POLICY_SAYS -> rules.stream().noneMatch(rule -> rule.replaces() && !rule.requirement().isEmpty())
                ? raised(own, recipient.domain(), mxHost, rules) : replaced(own, recipient, dane, mxHost, rules);
            // never below REQUIRETLS
            case REQUIRED -> raised(own, recipient.domain(), mxHost, rules);
            // RFC 8689 §3: the sender asks for delivery whatever policies say; Postfix counts its own table among them, too
            case WAIVED -> own;
        };
    }

    /** What holds where rules only add to a demand: those without an end, and all for REQUIRETLS or a gateway to be verified. */
    public static TlsDemand raised(TlsDemand own, DomainName domain, DomainName mxHost, List<Rule> rules) {
        return ruled(own, Effect.RAISES, rules.stream().filter(PolicyDecider::raises).toList(),
            rule -> Stream.of(byLevel(rule, domain, mxHost)));
    }

    private static TlsDemand replaced(TlsDemand own, RecipientPolicy recipient, DaneLookup dane, DomainName mxHost, List<Rule> rules) {
        return ruled(own, Effect.REPLACES, rules.stream().filter(rule -> !rule.requirement().isEmpty()).toList(), rule -> {
            boolean daneOnly = rule.requirement().effective() == Level.DANE_ONLY;
            Stream<TlsDemand> byDane = daneOnly || rule.requirement().effective() == Level.DANE
                ? Stream.of(ofHost(new RecipientPolicy(recipient.domain(), new StsLookup.NoPolicy("a rule holds in its place"),
                    recipient.mx(), daneOnly ? DaneRequirement.MANDATORY : DaneRequirement.WHERE_PUBLISHED), dane, mxHost))
                : Stream.empty();
            return Stream.concat(byDane, Stream.of(byLevel(rule, recipient.domain(), mxHost)));
        });
    }

    private static TlsDemand ruled(TlsDemand own, Effect effect, List<Rule> rules, Function<Rule, Stream<TlsDemand>> demands) {
        return rules.isEmpty() ? own : new Ruled(own, effect, rules.stream().flatMap(demands).toList(),
            String.join("+", rules.stream().map(Rule::inLog).distinct().toList()));
    }

    /** Whether a rule can add to a demand: what DANE publishes is part of every demand, and {@code may} asks for nothing. */
    private static boolean raises(Rule rule) {
        Requirement required = rule.requirement();
        return !required.isEmpty() && switch (required.effective()) {
            case NONE, MAY -> false;
            case DANE, DANE_ONLY -> required.atLeast().isPresent();
            case ENCRYPT, VERIFY, SECURE -> true;
        };
    }

    /** What a level asks for beside DANE. */
    private static TlsDemand byLevel(Rule rule, DomainName domain, DomainName mxHost) {
        Requirement required = rule.requirement();
        boolean verified = required.effective().isVerified();
        Level level = switch (required.effective()) {
            // a version of TLS needs TLS, and DANE is looked at beside
            case DANE, DANE_ONLY -> required.atLeast().isPresent() ? Level.ENCRYPT : Level.MAY;
            default -> required.effective();
        };
        return new ByLevel(level, verified ? required.names(domain, mxHost) : List.of(), required.atLeast(),
            verified && !required.isNamedByMx() ? TlsLevel.AUTHENTICATED : TlsLevel.UNAUTHENTICATED);
    }

    /** DANE takes precedence (RFC 8461 §2); without DANE the policy of the recipient domain applies. */
    private static TlsDemand ofHost(RecipientPolicy recipient, DaneLookup lookup, DomainName mxHost) {
        TlsDemand otherwise = ofRecipient(recipient.domain(), recipient.sts(), mxHost);
        boolean mandatory = recipient.dane() == DaneRequirement.MANDATORY;
        return switch (lookup) {
            case DaneLookup.Unreachable unknown -> new Unreachable(unknown.applied(), unknown.violation());
            case DaneLookup.NoAddress none -> otherwise;
            case DaneLookup.NoDane none when mandatory -> new Unreachable(TlsaSet.unknown(mxHost), daneRequired(none.reason()));
            case DaneLookup.NoDane none -> otherwise;
            // RFC 7672 §2.2.1, §6: mandatory DANE needs records that authenticate the domain's host
            case DaneLookup.Found found when mandatory && found.tlsa().strength() != Strength.AUTHENTICATES_DOMAIN ->
                new Unreachable(found.tlsa().applied(), daneRequired(found.tlsa().usable().isEmpty()
                    ? "no TLSA record of " + mxHost + " is usable" : "the MX records of " + recipient.domain() + " are not secure"));
            case DaneLookup.Found found -> new Dane(found.tlsa(), otherwise);
        };
    }

    /** The demand for REQUIRETLS (RFC 8689 §4.2.1): the host name must be proven by DNSSEC or by an enforced MTA-STS policy. */
    private static TlsDemand required(RecipientPolicy recipient, TlsDemand byPolicy) {
        boolean enforced = byPolicy.sts().filter(sts -> sts.strictness() == Strictness.ENFORCED).isPresent();
        return switch (byPolicy) {
            // the fault may pass, so the mail waits
            case Unreachable never -> never;
            case Dane dane when enforced || dane.tlsa().strength() == Strength.AUTHENTICATES_DOMAIN -> new RequireTls(Optional.of(dane));
            case Sts sts when enforced -> new RequireTls(Optional.of(sts));
            case TlsDemand any when recipient.mx() == Security.SECURE -> new RequireTls(Optional.of(new DnssecName(any)));
            default -> new RequireTls(Optional.empty());
        };
    }

    private static Violation daneRequired(String reason) {
        return new Violation(ResultType.DANE_REQUIRED, reason);
    }

    private static TlsDemand ofRecipient(DomainName domain, StsLookup sts, DomainName mxHost) {
        return switch (sts) {
            case StsLookup.NoPolicy none -> new Opportunistic(AppliedPolicy.none(domain), Optional.empty());
            // RFC 8461 §3.3: announced, but not fetched and not cached: as without MTA-STS, but reported
            case StsLookup.Unusable unusable -> new Opportunistic(
                // RFC 8460 §4.5: as declared, "including any errors"
                new AppliedPolicy(PolicyType.STS, domain, unusable.declared(), List.of()),
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
