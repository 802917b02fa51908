/**
 * The TLSRPT record of a domain and the destinations it names (RFC 8460 §3): read by the reporting mailet, which sends reports there, and
 * by the check of own domains.
 */
package jamestls.rua;
