/**
 * HTTPS to hosts that strangers name.
 *
 * <p>Whoever has a domain decides where we fetch his policy (RFC 8461 §3.3) and where we send his reports (RFC 8460 §5.3),
 * so every exchange is made as if the other side meant harm. {@link jamestls.https.GuardedHttpsClient} takes the
 * steps in this order, and the first that fails is the result: the URI must be https with a domain name; our own DNS,
 * never the JVM's, gives the addresses; {@link jamestls.dns.AddressGuard} strikes out those that are not public;
 * one of what is left, and nothing else, is connected to; TLS 1.2 or later, a chain to a trusted root, a DNS-ID for the
 * host; then one request and one answer. Redirects are not followed (RFC 8461 §3.3), they come back as they are. Nothing
 * is decoded, kept or reused.
 *
 * <p>One deadline spans all of it. It is kept by a timer that closes the socket, because a server that sends one byte
 * every so often never runs into a time-out for reading. A body longer than the caller takes is refused and not cut: a
 * policy that lost its last lines is another policy.
 *
 * <p>What the port of a URI may be, what a status means and which media types are taken is for the caller to say.
 */
package jamestls.https;
