/**
 * The formats of RFC 8460: TLSRPT record (§3), report in JSON (§4.4, §4.5), file name (§5.1) and report mail (§5.3). Independent of James,
 * clock and network.
 *
 * <p>The output is strict, because receivers differ in what they tolerate: arrays even for single values, no null, times in UTC, IPv6
 * addresses as in RFC 5952, names in A-labels. Equal counts give equal bytes.
 */
package jamestls.tlsrpt.report;

