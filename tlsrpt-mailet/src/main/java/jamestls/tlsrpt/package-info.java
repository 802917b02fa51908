/**
 * Daily TLS reports (RFC 8460) of what {@code SecureRemoteDelivery} saw, as one mailet: {@link jamestls.tlsrpt.TlsReporting}.
 *
 * <p>How a report comes about:
 * <ol>
 * <li>The delivery jar records what became of a TLS session, under every policy that applied, at
 *     {@link jamestls.outcome.TlsOutcomes}. {@link jamestls.tlsrpt.collect.OutcomeJournal} has subscribed there, and adds
 *     the session to the counters in the store: UTC day, recipient domain, policy, and for failures what they have in common.
 *     The delivery goes on when that is committed.</li>
 * <li>Some minutes after midnight UTC, at a point in the next hours that follows from the domain's name,
 *     {@link jamestls.tlsrpt.send.ReportTimer} finds the day due and {@link jamestls.tlsrpt.send.ReportRun} claims its
 *     counters. A claim hands them over once, so a session is in exactly one report.</li>
 * <li>The run looks up {@code _smtp._tls} below the domain. No record: the counts are dropped. No answer: they go back, and
 *     are tried again for 48 hours.</li>
 * <li>{@link jamestls.tlsrpt.report.ReportFile} writes the JSON, reads it again by the letter of the RFC, and compresses
 *     it. What does not pass stays here.</li>
 * <li>It goes to each address in the record: by mail through the James processor {@code tlsreport}, which signs it with
 *     DKIM and delivers it, or by HTTPS. The mail is marked so that no policy stops it and its own session is not counted.</li>
 * </ol>
 *
 * <p>An administrator can ask for the reports now, by an authenticated mail to the mailet; then the day so far is reported,
 * and the rest of it gets a report of its own after midnight.
 *
 * <p>Rooms and their directions: this package knows all of them; the settings of each package are beside the code that uses them;
 * {@code send} knows {@code report} and {@code store}; {@code report} and {@code collect} know {@code store}, which knows
 * only the outcome records and the storage of the delivery jar.
 */
package jamestls.tlsrpt;

