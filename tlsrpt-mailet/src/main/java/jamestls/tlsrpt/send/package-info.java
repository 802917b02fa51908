/**
 * From counters to reports that have left. {@link jamestls.tlsrpt.send.ReportTimer} decides when,
 * {@link jamestls.tlsrpt.send.ReportRun} does it, {@link jamestls.tlsrpt.send.ReportTransport} is the door out. What became of
 * a day and domain is a {@link jamestls.tlsrpt.send.ReportResult}; it alone feeds log, metrics and the administrator's answer.
 */
package jamestls.tlsrpt.send;

