package jamestls.mtasts.policy;

import jamestls.dns.DomainName;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.Violation;
import java.util.Optional;

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

    /** Mode enforce or testing. */
    enum Strictness { ENFORCED, REPORT_ONLY }

    /** Whether an mx pattern of the policy matches the host. */
    enum Listing { LISTED, NOT_LISTED }

    /** The TLSA records to verify the certificate with; empty without DANE. */
    default Optional<TlsaSet> tlsaRecords() {
        return switch (this) {
            case Dane dane -> Optional.of(dane.tlsa());
            case RequireTls required -> required.by().flatMap(TlsDemand::tlsaRecords);
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
            default -> Optional.empty();
        };
    }

    /** Whether the certificate is verified with the trusted authorities and the host's name. */
    default boolean needsPkix() {
        return sts().isPresent() || this instanceof DnssecName
            || this instanceof RequireTls required && required.by().filter(DnssecName.class::isInstance).isPresent();
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
        };
    }
}
