package jamestls.mtasts.sts;

/**
 * Something to tell the owner of a policy or a record.
 *
 * @param line the line it is about, the first being 1; 0 for the text as a whole
 * @param text what is there
 * @param remedy what to do
 */
public record LintNote(int line, String text, String remedy) {
}
