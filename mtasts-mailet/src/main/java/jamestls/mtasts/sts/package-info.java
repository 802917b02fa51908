/**
 * The recipient domain's word on TLS by MTA-STS (RFC 8461): finding its policy, keeping it, and knowing when it is out of
 * date. Whether a session meets the policy is not judged here; {@code policy} does that with {@link StsPolicy#lists} and with
 * what {@code smtp} has observed.
 *
 * <h2>Discovery</h2>
 *
 * <p>{@link StsPolicies#lookup} is asked once per delivery and takes three steps, each a class of its own:
 * <ol>
 * <li>{@link Discovery} looks up the TXT record at {@code _mta-sts.<domain>} and {@link StsRecord} reads it. Exactly one record
 *     may begin with {@code v=STSv1;}, and it must be well-formed; else there is "no policy available" and nothing is fetched
 *     (§3.1).</li>
 * <li>If a policy with the same id is in the {@link PolicyStore} and has not expired, that is the answer.</li>
 * <li>Else {@link PolicyFetcher} gets {@code https://mta-sts.<domain>/.well-known/mta-sts.txt} (§3.3), and {@link StsPolicy}
 *     reads it, to the letter of the grammar of §3.2. An invalid policy is worth as much as none.</li>
 * </ol>
 *
 * <h2>Rules of the cache</h2>
 *
 * <ul>
 * <li>Only two things end a policy: a newer one, successfully fetched, or its {@code max_age}, counted from the last successful
 *     fetch. A TXT record that is gone, broken or cannot be looked up does not; nor does a fetch that fails, a store that
 *     fails, or a restart over a store that lasts (§3.1, §3.3). A fetch that failed is reported once (§6, {@link
 *     UnreportedFetches}).</li>
 * <li>A new id is fetched at once. After a failed fetch the same id is not tried for five minutes (§3.3), not even by another
 *     server or after a restart: the store remembers.</li>
 * <li>However many deliveries wait for one domain, one fetch is made ({@link SingleFlight}), and among servers that share a store
 *     as well ({@link FetchLease}).</li>
 * <li>A store that is out of order stops nothing ({@link CachingPolicyStore}): memory and live fetches go on, and the store is
 *     brought up to date when it is back. Policies come into memory when they are asked for, so a start reads none.</li>
 * <li>{@code max_age} 0 is a valid policy for the delivery it was fetched for. It replaces what was cached.</li>
 * <li>When an enforce policy rejected every MX host, {@link StsPolicies#recheck} fetches although the id is unchanged, not within
 *     five minutes of the last fetch: owners move their MX and forget the id. It also is the look at DNS that must come before
 *     a mail may fail for good (§5.1).</li>
 * <li>{@link PolicyRefresher} fetches policies anew about once a day, at a time nobody can foresee ({@link RefreshSchedule}), as
 *     long as mail goes to the domain. What cannot be refreshed, becomes weaker or runs out is told by {@link StsWarnings}.</li>
 * <li>Memory is bounded, and domains without a policy take no room that a policy could need: their absence is cached by
 *     {@code dns} alone.</li>
 * </ul>
 *
 * <h2>Failing open, where the RFC does</h2>
 *
 * <p>A domain that promises a policy which cannot be had, with none cached, gets its mail as if it had no MTA-STS (§3.3, {@link
 * StsLookup.Unusable}). So does one whose TXT record cannot be looked up, with none cached ({@link StsLookup.NoPolicy}): the RFC
 * is silent, holding the mail would make every broken name server a stopped queue, and who can suppress that look-up at first
 * contact could as well have answered that there is nothing.
 *
 * <h2>Deliberately not done</h2>
 *
 * <p>No redirects and no HTTP cache (§3.3 forbids both); no look at parent domains (§3.4 forbids it); no revocation checks (§3.3
 * leaves them open); no repair of broken policies, such as U-labels or trailing dots, but for the two slips of docs/adr/0024; no fetch
 * without a valid TXT
 * record, not even to refresh a policy (§3.1); no cutting of texts that are too long.
 */
package jamestls.mtasts.sts;
