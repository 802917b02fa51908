/**
 * HTTPS to hosts that strangers name.
 *
 * <p>Whoever owns a domain decides where we fetch its policy (RFC 8461 §3.3) and where we send its reports (RFC 8460 §5.4), so
 * every exchange assumes a hostile server. {@link jamestls.https.GuardedHttpsClient} takes these steps; the first that fails
 * is the result: the URI must be https with a domain name; our own DNS, never the JVM's, gives the addresses;
 * {@link jamestls.dns.AddressGuard} drops those that are not public; one of the rest, and nothing else, is connected to, or
 * asked for at the proxy; TLS 1.2 or later, a chain to a trusted authority, a DNS-ID for the host; then one request and one
 * answer. Redirects are not followed (RFC 8461 §3.3). Nothing is decoded, kept or reused.
 *
 * <p>One deadline spans all of it; a timer closes the socket, because a server that sends one byte now and then never runs
 * into a read time-out. A body that is longer than the caller takes, or that ends without length and close_notify
 * (RFC 9112 §9.8), is refused and never cut: a policy without its last lines is another policy. Of the answer to a POST
 * only the status counts. Every exception of the HTTP and TLS libraries becomes an {@link jamestls.https.HttpsFault}.
 *
 * <p>The port of a URI, the meaning of a status and the media types are for the caller to judge.
 */
package jamestls.https;
