package jamestls.mtasts.policy;

import jamestls.mtasts.outcome.AppliedPolicy;
import jamestls.mtasts.outcome.Violation;
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
     * The recipient domain has an MTA-STS policy in force.
     *
     * @param applied the policy as the report quotes it
     * @param strictness whether falling short stops the mail or is only reported (RFC 8461 §5)
     * @param listing whether the policy's mx patterns match the host (RFC 8461 §4.1)
     */
    record Sts(AppliedPolicy applied, Strictness strictness, Listing listing) implements TlsDemand {
    }

    /**
     * The sender demands TLS to an authenticated server that honours REQUIRETLS (RFC 8689 §4.2.1).
     *
     * @param policy the enforced policy that authenticates the host name; without one (DNSSEC is not there yet) no host
     *     can satisfy the demand
     */
    record RequireTls(Optional<Sts> policy) implements TlsDemand {
    }

    /** The sender waives all TLS policy (RFC 8689 §4.2.2). Such sessions are not reported. */
    record Waived() implements TlsDemand {
    }

    /** Mode enforce or testing. */
    enum Strictness { ENFORCED, REPORT_ONLY }

    /** Whether the policy names the host. */
    enum Listing { LISTED, NOT_LISTED }

    /**
     * Whether nobody, not even a report, minds if TLS is not tried. A policy that is only reported on still wants to know
     * how TLS would go.
     */
    default boolean isIndifferentToTls() {
        return switch (this) {
            case Waived waived -> true;
            case Opportunistic none -> none.policyProblem().isEmpty();
            case Sts sts -> false;
            case RequireTls required -> false;
        };
    }

    /** The word in log lines. */
    default String inLog() {
        return switch (this) {
            case Opportunistic none -> "none";
            case Sts sts -> sts.strictness() == Strictness.ENFORCED ? "sts-enforce" : "sts-testing";
            case RequireTls required -> "requiretls";
            case Waived waived -> "waived";
        };
    }
}
