package jamestls.mtasts.sts;

import jamestls.mtasts.sts.UnreportedFetches.FailedFetch;
import jamestls.outcome.Violation;
import java.util.List;
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
     * @param refreshProblem why it could not be fetched anew although it had to be; for people. The policy applies all the same
     *     (RFC 8461 §3.3). Always empty in mode none
     * @param failedFetch a fetch that failed and stands in no report yet (RFC 8461 §6). A TXT record that is missing or can't be looked
     *     up is no fetch. Always empty in mode none
     */
    record Found(StsPolicy policy, Optional<Violation> refreshProblem, Optional<FailedFetch> failedFetch) implements StsLookup {

        /** A policy with nothing to report about fetching it. */
        public Found(StsPolicy policy, Optional<Violation> refreshProblem) {
            this(policy, refreshProblem, Optional.empty());
        }
    }

    /**
     * A valid TXT record promises a policy, but none can be had and none is cached: deliver as if the domain had no MTA-STS
     * (RFC 8461 §3.3), and report it (§6).
     *
     * @param declared the lines of a policy that is invalid, as {@link PolicyGrammar#declared} gives them; else empty
     */
    record Unusable(Violation problem, List<String> declared) implements StsLookup {
        public Unusable {
            declared = List.copyOf(declared);
        }
    }
}
