package jamestls.mtasts.sts;

import jamestls.outcome.Violation;
import java.util.Optional;

/** What a delivery to a domain has to know of its MTA-STS policy. */
public sealed interface StsLookup {

    /**
     * There is no policy to go by and nothing to report: no usable TXT record and none cached.
     *
     * @param why one line for logs and people
     */
    record NoPolicy(String why) implements StsLookup {
    }

    /**
     * This policy applies, live or cached.
     *
     * @param policy any mode; mode none is treated as no active policy (RFC 8461 §5)
     * @param refreshProblem why it could not be fetched anew although it had to be. The policy applies all the same (RFC
     *     8461 §3.3); the problem is to be reported (§6). Always empty in mode none.
     */
    record Found(StsPolicy policy, Optional<Violation> refreshProblem) implements StsLookup {
    }

    /**
     * A valid TXT record promises a policy, but none can be had and none is cached: deliver as if the domain had no MTA-STS
     * (RFC 8461 §3.3), and report it (§6).
     */
    record Unusable(Violation problem) implements StsLookup {
    }
}
