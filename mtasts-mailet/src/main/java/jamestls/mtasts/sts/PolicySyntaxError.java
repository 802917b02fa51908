package jamestls.mtasts.sts;

/**
 * Why a text is no policy.
 *
 * @param line the line in question, the first being 1; 0 when it is the text as a whole
 * @param reason for people, one short line; quotes nothing from the text but field names we know
 */
public record PolicySyntaxError(int line, String reason) {

    @Override
    public String toString() {
        return line == 0 ? reason : "line " + line + ": " + reason;
    }
}
