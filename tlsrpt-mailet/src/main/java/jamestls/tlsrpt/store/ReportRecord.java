package jamestls.tlsrpt.store;

import java.time.Instant;

/**
 * One report and one destination.
 *
 * @param key day and recipient domain
 * @param reportId as it stands in the report
 * @param at when it was tried
 * @param destination the URI of the {@code rua} field
 * @param result "accepted", or why not, in a few words of printable ASCII
 */
public record ReportRecord(TallyKey key, String reportId, Instant at, String destination, String result) {
}
