/**
 * Daily TLS reports (RFC 8460) about the TLS sessions of {@code SecureRemoteDelivery}, as one mailet:
 * {@link jamestls.tlsrpt.TlsReporting}.
 *
 * <p>How a report is made:
 * <ol>
 * <li>The delivery jar publishes the outcome of each TLS session, under every policy that applied, to
 *     {@link jamestls.outcome.TlsOutcomes}. {@link jamestls.tlsrpt.collect.OutcomeJournal} subscribes there and adds the session
 *     to the counters in the store: UTC day, recipient domain, policy, and the details of failures. The delivery continues when
 *     that is committed.</li>
 * <li>After midnight UTC, at an offset derived from the domain's name, {@link jamestls.tlsrpt.send.ReportTimer} finds the day due
 *     and {@link jamestls.tlsrpt.send.ReportRun} claims its counters. A claim is exclusive, so a session is in exactly one
 *     report.</li>
 * <li>The run looks up {@code _smtp._tls} below the domain. Without a record the counters are deleted. If the lookup fails, they
 *     return to the store and are retried for 48 hours.</li>
 * <li>{@link jamestls.tlsrpt.report.ReportFile} writes the JSON, validates it against the RFC, and compresses it. An invalid
 *     report is not sent.</li>
 * <li>The report is sent to each address in the record: by mail through the James processor {@code tlsreport}, which signs it with
 *     DKIM and delivers it, or by HTTPS. The mail is marked so that no policy blocks it and its own session is not counted.</li>
 * </ol>
 *
 * <p>An administrator can request the reports at any time by an authenticated mail to the mailet. Then the current day is reported
 * up to now, and the rest of it gets a separate report after midnight.
 *
 * <p>Dependencies: this package uses all the others, and the settings of each package are next to the code that uses them.
 * {@code send} uses {@code report} and {@code store}; {@code report} and {@code collect} use {@code store}, which uses only the
 * outcome records and the storage of the delivery jar.
 */
package jamestls.tlsrpt;

