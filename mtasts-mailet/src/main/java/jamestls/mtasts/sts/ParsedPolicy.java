package jamestls.mtasts.sts;

/** What became of reading a policy. */
public sealed interface ParsedPolicy {

    /** It follows the grammar of RFC 8461 §3.2 and has all required fields. */
    record Valid(StsPolicy policy) implements ParsedPolicy {
    }

    /** It does not; a sender must not use any part of it. */
    record Invalid(PolicySyntaxError error) implements ParsedPolicy {
    }
}
