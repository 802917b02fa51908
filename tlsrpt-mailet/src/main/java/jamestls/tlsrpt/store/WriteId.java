package jamestls.tlsrpt.store;

/**
 * Names what is added in one go, so that it can be added again, by whom it is not known whether it was added, and still counts
 * once.
 *
 * @param writer who adds; a name that no one else has or ever had
 * @param number grows with each group of this writer
 */
public record WriteId(String writer, long number) {
}
