package jamestls.mtasts.sts;

import jamestls.mtasts.sts.UnreportedFetches.FailedFetch;
import jamestls.outcome.Violation;
import java.util.List;
import java.util.Optional;

/** The result of looking up the MTA-STS policy of a domain. */
public sealed interface StsLookup {

    /**
     * No policy and nothing to report: no usable TXT record, and no cached policy.
     *
     * @param why one line for logs
     */
    record NoPolicy(String why) implements StsLookup {
    }

    /**
     * A policy applies, fetched or cached.
     *
     * @param policy any mode; mode none is treated as no active policy (RFC 8461 §5)
     * @param refreshProblem why a due refresh failed ({@link FetchFailure#why}). The policy still applies (RFC 8461
     *     §3.3). Always empty in mode none
     * @param failedFetch a failed fetch that is not reported yet (RFC 8461 §6). A TXT record that is missing or can't be looked
     *     up is no fetch. Always empty in mode none
     */
    record Found(StsPolicy policy, Optional<String> refreshProblem, Optional<FailedFetch> failedFetch) implements StsLookup {

        /** A policy without failed fetches. */
        public Found(StsPolicy policy, Optional<String> refreshProblem) {
            this(policy, refreshProblem, Optional.empty());
        }
    }

    /**
     * A valid TXT record announces a policy that can't be fetched, and none is cached: deliver as without MTA-STS (RFC 8461 §3.3) and
     * report it (§6).
     *
     * @param declared the lines of a policy that is invalid, as {@link PolicyGrammar#declared} gives them; else empty
     */
    record Unusable(Violation problem, List<String> declared) implements StsLookup {
        public Unusable {
            declared = List.copyOf(declared);
        }
    }
}
