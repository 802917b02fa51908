/**
 * What every conversation with a stranger's host needs, whatever its protocol: {@link jamestls.net.Watchdog} bounds its
 * time, {@link jamestls.net.Sanitized} cleans its text. Used by all packages; uses none.
 */
package jamestls.net;
