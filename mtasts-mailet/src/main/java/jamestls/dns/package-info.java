/**
 * DNS look-ups with DNSSEC for outbound mail, domain names, and the guard of addresses.
 *
 * <p>{@link jamestls.dns.Dns} is the interface. It has four kinds of answers, because absence and failure must not be confused: absence
 * lets mail go on without a policy, failure must not (RFC 8461 §3.3, §5).
 * {@link jamestls.dns.DnsjavaDns} is the one implementation. A look-up passes through
 *
 * <ol>
 *   <li>the cache, where simultaneous look-ups share one query, and answers are kept for their TTL, within bounds;
 *   <li>{@code CnameChain}, which follows CNAMEs through one answer or several, eight of them at most;
 *   <li>{@code StubResolver}, which queries the configured servers in turn over UDP, and over TCP after a truncated answer;
 *   <li>{@code RecordParser}, which parses records and refuses or leaves out what exceeds its bounds.
 * </ol>
 *
 * <p>Between the chain and the stub resolver, a {@code DnssecResolver} decides whether the answer is secure: the
 * {@linkplain jamestls.dns.DnsSettings.DnssecMode#VALIDATE validator} here, the AD bit of a resolver on this machine, or neither. The
 * validator is dnsjava's, with bounds and caches around it; a probe finds out whether the resolvers support it
 * ({@link jamestls.dns.DnssecState}). RFC 7672 §2.1.1 has four states: {@code Found} and {@code Absent} are secure or
 * insecure, {@code Bogus} is bogus, {@code Failed} is indeterminate and treated alike.
 *
 * <p>{@link jamestls.dns.DomainName} is the form in which names are compared,
 * {@link jamestls.dns.DnsId} says whether a certificate is for such a name, and
 * {@link jamestls.dns.AddressGuard} whether connections to an address are allowed.
 */
package jamestls.dns;
