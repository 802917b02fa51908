/**
 * Everything that RFC 8460 gives a form: the record that asks for reports (§3), the report as JSON (§4.4, §4.5), its file
 * name (§5.1) and its mail (§5.3). Nothing in here knows James, time or network.
 *
 * <p>Written by the letter and without options, because receivers differ in what they forgive: arrays are arrays, nothing is
 * null, times end in Z, IPv6 addresses are spelled as in RFC 5952, names are A-labels, and the same counts give the same bytes.
 */
package jamestls.tlsrpt.report;

