package jamestls.tlsrpt.store;

/**
 * One report and one destination.
 *
 * @param key day and recipient domain
 * @param part number of the day's part
 * @param reportId as it stands in the report; it follows from {@code key} and {@code part}
 * @param destination the URI of the {@code rua} field
 */
public record Dispatch(TallyKey key, int part, String reportId, String destination) {
}
