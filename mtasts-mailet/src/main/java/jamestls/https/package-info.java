/**
 * HTTPS to hosts that other domains name.
 *
 * <p>The owner of a domain decides where its policy is fetched (RFC 8461 §3.3) and where reports about it are sent (RFC 8460 §5.4), so
 * every exchange assumes a hostile server. {@link jamestls.https.GuardedHttpsClient} takes these steps; the first that fails
 * is the result: the URI must be https with a domain name; its own DNS, never the JVM's, resolves the addresses;
 * {@link jamestls.dns.AddressGuard} removes those that are not public; one of the others is connected to, directly or
 * through the proxy; TLS 1.2 or later, a chain to a trusted authority, a DNS-ID for the host; then one request and one
 * answer. Redirects are not followed (RFC 8461 §3.3). Nothing is decoded, kept or reused.
 *
 * <p>One deadline covers the exchange; a timer closes the socket, because a server that sends single bytes never causes a read
 * time-out. A body that is too long, or that ends without length and close_notify (RFC 9112 §9.8), is refused and never cut, because a
 * policy without its last lines is another policy. Of the answer to a POST only the status is used.
 * Every exception of the HTTP and TLS libraries becomes an {@link jamestls.https.HttpsFault}.
 *
 * <p>The port of a URI, the meaning of a status and the media types are for the caller to judge.
 */
package jamestls.https;
