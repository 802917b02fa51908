package jamestls.outcome;

/** The three kinds of policy a report can speak of (RFC 8460 §4.4, policy-type). */
public enum PolicyType {
    TLSA("tlsa"),
    STS("sts"),
    NO_POLICY_FOUND("no-policy-found");

    private final String wireName;

    PolicyType(String wireName) {
        this.wireName = wireName;
    }

    /** The value of {@code policy-type}. */
    public String wireName() {
        return wireName;
    }
}
