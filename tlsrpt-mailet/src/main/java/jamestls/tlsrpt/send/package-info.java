/**
 * Sends the reports. {@link jamestls.tlsrpt.send.ReportTimer} starts a {@link jamestls.tlsrpt.send.ReportRun} when days are due;
 * the run claims days and domains and passes each report to its destinations through a
 * {@link jamestls.tlsrpt.send.ReportTransport}. Each day and domain gives one {@link jamestls.tlsrpt.send.ReportResult}, from which
 * log, metrics and the reply to the administrator are made.
 */
package jamestls.tlsrpt.send;

