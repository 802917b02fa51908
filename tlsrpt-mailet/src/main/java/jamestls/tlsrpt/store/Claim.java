package jamestls.tlsrpt.store;

/**
 * The right to report a part of a day, for a while: a lease. Whoever holds it ends it with one of {@link TallyStore#settle},
 * {@link TallyStore#discard} or {@link TallyStore#postpone}; if it does not, because its process died, another one gets the
 * same part, with the same number and the same counts, once the lease has run out.
 *
 * @param tally what there is to report; closed, so it is the same each time the part is claimed
 * @param tries how often it was postponed before
 * @param fresh whether nobody claimed this part before; then no destination can have heard of it
 * @param token names this claim among all others of the part
 */
public record Claim(DomainTally tally, int tries, boolean fresh, String token) {
}
