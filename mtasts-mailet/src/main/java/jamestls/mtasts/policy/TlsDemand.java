package jamestls.mtasts.policy;

import jamestls.dns.DomainName;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.Violation;
import java.util.Optional;

/** What a session with one MX host must have for a mail to go through it. One is decided per mail and MX host. */
public sealed interface TlsDemand {

    /**
     * No policy asks for anything: TLS if it is to be had, clear text as the last resort.
     *
     * @param counted what the report counts the session under
     * @param policyProblem why a policy the domain announces is not applied; then every session is reported as a failure
     *     of that policy (RFC 8461 §6)
     */
    record Opportunistic(AppliedPolicy counted, Optional<Violation> policyProblem) implements TlsDemand {
    }

    /**
     * The recipient domain has an MTA-STS policy in force; or, where the applied policy is none, the operator demands the
     * same of a gateway.
     *
     * @param applied the policy as the report quotes it
     * @param strictness whether falling short stops the mail or is only reported (RFC 8461 §5)
     * @param listing whether the policy's mx patterns match the host (RFC 8461 §4.1)
     */
    record Sts(AppliedPolicy applied, Strictness strictness, Listing listing) implements TlsDemand {
    }

    /**
     * The host has TLSA records that DNSSEC proves (RFC 7672 §2.2).
     *
     * @param tlsa its records; if none is usable, any TLS does
     * @param otherwise what would hold without them. A secure match stands in for it (RFC 8461 §2); where records do not
     *     prove who the peer is, it holds, too. It is reported in any case
     */
    record Dane(TlsaSet tlsa, TlsDemand otherwise) implements TlsDemand {
    }

    /**
     * No mail goes to this host now: it can't be known whether it has TLSA records, or it has none and must.
     *
     * @param policy what the report counts it under
     * @param why {@code dnssec-invalid} or {@code dane-required}
     */
    record Unreachable(AppliedPolicy policy, Violation why) implements TlsDemand {
    }

    /**
     * DNSSEC proves that this is a host of the recipient's domain, and a trusted certificate must prove that the peer is
     * this host. Only as part of {@link RequireTls}.
     *
     * @param otherwise what would hold without the sender's wish; it is reported
     */
    record NamedByDnssec(TlsDemand otherwise) implements TlsDemand {
    }

    /**
     * The sender demands TLS to an authenticated server that honours REQUIRETLS (RFC 8689 §4.2.1).
     *
     * @param by what authenticates the host: an enforced policy, DANE, or DNSSEC and a trusted certificate; without any no
     *     host can satisfy the demand
     */
    record RequireTls(Optional<TlsDemand> by) implements TlsDemand {
    }

    /** The sender waives all TLS policy (RFC 8689 §4.2.2). Such sessions are not reported. */
    record Waived() implements TlsDemand {
    }

    /** Mode enforce or testing. */
    enum Strictness { ENFORCED, REPORT_ONLY }

    /** Whether the policy names the host. */
    enum Listing { LISTED, NOT_LISTED }

    /** The records a certificate is held against, if DANE has a part in this. */
    default Optional<TlsaSet> tlsaRecords() {
        return switch (this) {
            case Dane dane -> Optional.of(dane.tlsa());
            case RequireTls required -> required.by().flatMap(TlsDemand::tlsaRecords);
            default -> Optional.empty();
        };
    }

    /** The MTA-STS policy that has a say in this, if only in the report. */
    default Optional<Sts> sts() {
        return switch (this) {
            case Sts sts -> Optional.of(sts);
            case Dane dane -> dane.otherwise().sts();
            case NamedByDnssec named -> named.otherwise().sts();
            case RequireTls required -> required.by().flatMap(TlsDemand::sts);
            default -> Optional.empty();
        };
    }

    /** Whether a certificate is held against the trusted authorities and the host's name. */
    default boolean looksAtPkix() {
        return sts().isPresent() || this instanceof NamedByDnssec
            || this instanceof RequireTls required && required.by().filter(NamedByDnssec.class::isInstance).isPresent();
    }

    /** The name for SNI: the TLSA base domain (RFC 7672 §8.1), else the MX host's (RFC 8461 §7.1). */
    default DomainName sni(DomainName mxHost) {
        return tlsaRecords().map(TlsaSet::base).orElse(mxHost);
    }

    /** The word in log lines. */
    default String inLog() {
        return switch (this) {
            case Opportunistic none -> "none";
            case Sts sts when sts.applied().type() == PolicyType.NO_POLICY_FOUND -> "operator";
            case Sts sts -> sts.strictness() == Strictness.ENFORCED ? "sts-enforce" : "sts-testing";
            case Dane dane -> switch (dane.tlsa().strength()) {
                case AUTHENTICATES -> "dane";
                case PROTECTS_THE_WAY -> "dane-insecure-mx";
                case ENCRYPTS -> "dane-unauthenticated";
            };
            case Unreachable never -> never.why().type().wireName();
            case NamedByDnssec named -> "dnssec";
            case RequireTls required -> "requiretls";
            case Waived waived -> "waived";
        };
    }
}
