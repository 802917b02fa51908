package jamestls.mtasts.sts;

import jamestls.outcome.Violation;

/** What became of fetching a policy. */
public sealed interface FetchResult {

    /** The policy host answered with a valid policy and a valid certificate. */
    record Fetched(StsPolicy policy) implements FetchResult {
    }

    /**
     * It did not. Nothing follows for a policy that is cached (RFC 8461 §3.3).
     *
     * @param problem {@code sts-policy-fetch-error}, {@code sts-webpki-invalid} or {@code sts-policy-invalid}, as a report
     *     names it (RFC 8460 §4.3.2)
     */
    record Failed(Violation problem) implements FetchResult {
    }
}
