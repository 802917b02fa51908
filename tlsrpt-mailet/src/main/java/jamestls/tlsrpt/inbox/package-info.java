/**
 * TLS reports (RFC 8460) that others send about our domains: reading, storing, and alarms. Everything in such a report is a stranger's
 * text; it is bounded and sanitized when it is read ({@link jamestls.tlsrpt.inbox.ReportReader}).
 */
package jamestls.tlsrpt.inbox;
