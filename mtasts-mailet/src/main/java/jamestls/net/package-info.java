/**
 * Protection in conversations with strangers' hosts, whatever the protocol: {@link jamestls.net.Watchdog} bounds their time,
 * {@link jamestls.net.Sanitized} cleans their text, {@link jamestls.net.SanitizedLogger} what is logged, and
 * {@link jamestls.net.Backoff} spaces out retries. Used by all packages; uses none.
 */
package jamestls.net;
