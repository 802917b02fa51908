package jamestls.mtasts.policy;

import jamestls.dns.DomainName;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.mtasts.policy.Rule.Level;
import jamestls.mtasts.policy.Rule.TlsVersion;
import jamestls.mtasts.policy.Verdict.TlsLevel;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.Violation;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The TLS that a session with one MX host must have before a mail is sent. One demand is decided per mail and MX host. */
public sealed interface TlsDemand {

    /**
     * No policy applies: TLS if it works, else clear text.
     *
     * @param counted the policy under which the session is reported
     * @param policyProblem why an announced policy is not applied; every session is then reported as a failure of that policy
     *     (RFC 8461 §6)
     */
    record Opportunistic(AppliedPolicy counted, Optional<Violation> policyProblem) implements TlsDemand {
    }

    /**
     * An MTA-STS policy of the recipient domain; or, with {@link AppliedPolicy#none}, the same demand by the operator on a gateway.
     *
     * @param applied the policy as the report quotes it
     * @param strictness whether a violation stops the mail or is only reported (RFC 8461 §5)
     * @param listing whether the policy's mx patterns match the host (RFC 8461 §4.1)
     */
    record Sts(AppliedPolicy applied, Strictness strictness, Listing listing) implements TlsDemand {
    }

    /**
     * The host has TLSA records proven by DNSSEC (RFC 7672 §2.2).
     *
     * @param tlsa the records; if none is usable, any TLS satisfies the demand
     * @param otherwise the demand without the records. Records that authenticate the domain's host replace it (RFC 8461 §2); other
     *     records add to it. It is reported in any case
     */
    record Dane(TlsaSet tlsa, TlsDemand otherwise) implements TlsDemand {
    }

    /**
     * The host can't be used now: its TLSA look-up failed, or it has no usable records where the operator requires them.
     *
     * @param policy the policy under which it is reported
     * @param why {@code dnssec-invalid} or {@code dane-required}
     */
    record Unreachable(AppliedPolicy policy, Violation why) implements TlsDemand {
    }

    /**
     * DNSSEC proves the MX record, and a trusted certificate for the host's name is needed. Only as part of {@link RequireTls}.
     *
     * @param otherwise the demand without REQUIRETLS; it is reported
     */
    record DnssecName(TlsDemand otherwise) implements TlsDemand {
    }

    /**
     * The sender requires TLS to an authenticated server that supports REQUIRETLS (RFC 8689 §4.2.1).
     *
     * @param by the demand that authenticates the host: an enforced policy, DANE, or DNSSEC and a trusted certificate; if empty, the
     *     host can't satisfy REQUIRETLS
     */
    record RequireTls(Optional<TlsDemand> by) implements TlsDemand {
    }

    /** The sender waives all TLS policies (RFC 8689 §4.2.2). Such sessions are not reported. */
    record Waived() implements TlsDemand {
    }

    /**
     * Rules of the operator add to the demand or replace it. The session is reported by {@code own}.
     *
     * @param own the demand without the rules
     * @param effect whether {@code own} must be satisfied as well
     * @param rules the demand of each rule; all must be satisfied
     * @param levels the words of their levels, for log lines
     */
    record Ruled(TlsDemand own, Effect effect, List<TlsDemand> rules, String levels) implements TlsDemand {
        public Ruled {
            rules = List.copyOf(rules);
        }

        /** All demands that must be satisfied. */
        List<TlsDemand> inForce() {
            return Stream.concat(effect == Effect.RAISES ? Stream.of(own) : Stream.empty(), rules.stream()).toList();
        }
    }

    /** The effect of rules on the demand without them. */
    enum Effect {
        /** Both must be satisfied. */
        RAISES,
        /** Only the rules must be satisfied. */
        REPLACES
    }

    /**
     * The demand of a level of {@link Rule} that no policy has. Only as part of {@link Ruled}.
     *
     * @param level {@code none}, {@code may}, {@code encrypt}, {@code verify} or {@code secure}
     * @param names of which the certificate must have one, {@code .name} for any name below; for the last two levels
     * @param atLeast the minimum version of TLS
     * @param proof what a verified name proves
     */
    record ByLevel(Level level, List<String> names, Optional<TlsVersion> atLeast, TlsLevel proof) implements TlsDemand {
        public ByLevel {
            names = List.copyOf(names);
        }
    }

    /** No host satisfied its demand, and policies are only observed: this host may get the mail. The session was counted before. */
    record Observed(TlsDemand own) implements TlsDemand {
    }

    /** Mode enforce or testing. */
    enum Strictness { ENFORCED, REPORT_ONLY }

    /** Whether an mx pattern of the policy matches the host. */
    enum Listing { LISTED, NOT_LISTED }

    /** The TLSA records to verify the certificate with; empty without DANE. */
    default Optional<TlsaSet> tlsaRecords() {
        return switch (this) {
            case Dane dane -> Optional.of(dane.tlsa());
            case RequireTls required -> required.by().flatMap(TlsDemand::tlsaRecords);
            case Ruled ruled -> Stream.concat(Stream.of(ruled.own()), ruled.rules().stream())
                .flatMap(each -> each.tlsaRecords().stream()).findFirst();
            case Observed observed -> observed.own().tlsaRecords();
            default -> Optional.empty();
        };
    }

    /** The MTA-STS policy that applies or is at least reported. */
    default Optional<Sts> sts() {
        return switch (this) {
            case Sts sts -> Optional.of(sts);
            case Dane dane -> dane.otherwise().sts();
            case DnssecName named -> named.otherwise().sts();
            case RequireTls required -> required.by().flatMap(TlsDemand::sts);
            case Ruled ruled -> ruled.own().sts();
            case Observed observed -> observed.own().sts();
            default -> Optional.empty();
        };
    }

    /** Whether the certificate is verified with the trusted authorities and the host's name. */
    default boolean needsPkix() {
        return sts().isPresent() || this instanceof DnssecName
            || this instanceof RequireTls required && required.by().filter(DnssecName.class::isInstance).isPresent()
            || this instanceof Ruled ruled && ruled.own().needsPkix();
    }

    /** The lists of names in rules; the certificate must be for one name of each list. */
    default List<List<String>> namesByRule() {
        return this instanceof Ruled ruled ? ruled.rules().stream().filter(ByLevel.class::isInstance).map(ByLevel.class::cast)
            .filter(each -> each.level().isVerified()).map(ByLevel::names).toList() : List.of();
    }

    /** Whether a rule forbids STARTTLS. */
    default boolean avoidsTls() {
        return this instanceof Ruled ruled && ruled.inForce().stream()
            .allMatch(each -> each instanceof ByLevel byLevel && byLevel.level() == Level.NONE);
    }

    /** The name to send in SNI: the TLSA base domain (RFC 7672 §8.1), else the MX host's (RFC 8461 §7.1). */
    default DomainName sni(DomainName mxHost) {
        return tlsaRecords().map(TlsaSet::base).orElse(mxHost);
    }

    /** The value of {@code policy=} in log lines. */
    default String logWord() {
        return switch (this) {
            case Opportunistic none -> "none";
            case Sts sts when sts.applied().type() == PolicyType.NO_POLICY_FOUND -> "operator";
            case Sts sts -> sts.strictness() == Strictness.ENFORCED ? "sts-enforce" : "sts-testing";
            case Dane dane -> switch (dane.tlsa().strength()) {
                case AUTHENTICATES_DOMAIN -> "dane";
                case AUTHENTICATES_HOST -> "dane-insecure-mx";
                case ENCRYPTS -> "dane-unauthenticated";
            };
            case Unreachable never -> never.why().type().wireName();
            case DnssecName named -> "dnssec";
            case RequireTls required -> "requiretls";
            case Waived waived -> "waived";
            case Ruled ruled -> (ruled.effect() == Effect.REPLACES ? "override:" : ruled.own().logWord() + "+") + ruled.levels();
            case ByLevel byLevel -> byLevel.level().word();
            case Observed observed -> "observe:" + observed.own().logWord();
        };
    }
}
