package jamestls.outcome;

import java.util.List;

/** How one session did against one policy that was evaluated for it. */
public sealed interface PolicyVerdict {

    AppliedPolicy policy();

    /** TLS was negotiated as the policy asks (RFC 8460 §4.2.1). */
    record Met(AppliedPolicy policy) implements PolicyVerdict {
    }

    /**
     * It was not (RFC 8460 §4.2.2). One failed session, whatever the number of reasons.
     *
     * @param violations at least one; types are not exclusive (RFC 8460 §4)
     */
    record Violated(AppliedPolicy policy, List<Violation> violations) implements PolicyVerdict {
        public Violated {
            violations = List.copyOf(violations);
            if (violations.isEmpty()) {
                throw new IllegalArgumentException("a violated policy says how");
            }
        }
    }
}
