/** From outcomes to counters: which day, which domain, which form of the policy, and what counts once. */
package jamestls.tlsrpt.collect;

