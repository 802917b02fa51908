/**
 * DNS as outbound mail needs it, and the judgements that hang on names and addresses.
 *
 * <p>{@link jamestls.dns.Dns} is the port. Its answers come in four kinds, because "is not there" and "could not
 * find out" must never be mixed up: the first lets mail go on without a policy, the second must not (RFC 8461 §3.3, §5).
 * {@link jamestls.dns.DnsjavaDns} is the one implementation. A look-up passes through
 *
 * <ol>
 *   <li>the cache, where a question has one flight at a time, and answers live as long as their TTL says, within bounds;
 *   <li>{@code CnameChain}, which follows CNAMEs through one answer or several, eight of them at most;
 *   <li>{@code StubResolver}, which asks the configured servers in turn over UDP, and over TCP where an answer was truncated;
 *   <li>{@code RecordParser}, which turns records into ours and refuses or leaves out what exceeds its bounds.
 * </ol>
 *
 * <p>Between the chain and the stub resolver, a {@code DnssecResolver} decides whether the answer is secure: our
 * {@linkplain jamestls.dns.DnssecMode#VALIDATE validator}, the AD bit of a resolver on this machine, or neither. The
 * validator is dnsjava's, with our bounds and caches around it; a probe finds out whether the resolvers let it work
 * ({@link jamestls.dns.DnssecState}). RFC 7672 §2.1.1 has four states: {@code Found} and {@code Absent} are secure or
 * insecure, {@code Bogus} is bogus, {@code Failed} is indeterminate and treated alike.
 *
 * <p>{@link jamestls.dns.DomainName} is the form in which names are compared,
 * {@link jamestls.dns.DnsId} says whether a certificate is for such a name, and
 * {@link jamestls.dns.AddressGuard} whether an address is one that a stranger may send us to.
 */
package jamestls.dns;
