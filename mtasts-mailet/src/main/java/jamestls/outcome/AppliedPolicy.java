package jamestls.outcome;

import jamestls.dns.DomainName;
import jamestls.net.Sanitized;
import java.util.List;

/**
 * A policy that was evaluated for a session, as the report quotes it. Equal policies are one entry of a report; a policy that
 * changes during the day gives two (RFC 8460 §4.4).
 *
 * @param type which kind
 * @param policyDomain the name the policy is defined for: the recipient domain, the smart host, or for TLSA the base
 *     domain (RFC 8460 §1.1)
 * @param policyStrings for STS one "key: value" per line as published, for TLSA one record each (RFC 8460 §4.5); empty when no
 *     policy was found. A text of several lines is split here, and characters that are not visible, which a field of a
 *     stranger's own may have, are replaced
 * @param mxHosts for STS the mx patterns in A-labels, else empty
 */
public record AppliedPolicy(PolicyType type, DomainName policyDomain, List<String> policyStrings, List<String> mxHosts) {

    public AppliedPolicy {
        policyStrings = isClean(policyStrings) ? List.copyOf(policyStrings)
            : policyStrings.stream().flatMap(String::lines).map(line -> Sanitized.line(line, line.length())).toList();
        mxHosts = List.copyOf(mxHosts);
    }

    /** Looked at for each mail: without a stream. */
    private static boolean isClean(List<String> lines) {
        for (String line : lines) {
            if (!Sanitized.isPlainAscii(line)) {
                return false;
            }
        }
        return true;
    }

    /** No policy found for the domain. */
    public static AppliedPolicy none(DomainName policyDomain) {
        return new AppliedPolicy(PolicyType.NO_POLICY_FOUND, policyDomain, List.of(), List.of());
    }

    /** The kinds of policy in a report (RFC 8460 §4.4, policy-type). */
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
}
