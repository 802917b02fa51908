package jamestls.outcome;

/**
 * One way in which a session fell short of a policy.
 *
 * @param type the registered result type
 * @param reason what exactly, for {@code failure-reason-code} (RFC 8460 §4.4): printable ASCII, at most 300 characters,
 *     empty where the type says it all. It may quote a stranger's server, so it is cleaned and cut here.
 */
public record Violation(ResultType type, String reason) {

    private static final int MAX_REASON = 300;

    public Violation {
        String printable = reason.replaceAll("[^\\x20-\\x7e]", "?").strip();
        reason = printable.length() > MAX_REASON ? printable.substring(0, MAX_REASON) : printable;
    }

    @Override
    public String toString() {
        return reason.isEmpty() ? type.wireName() : type.wireName() + " (" + reason + ")";
    }
}
