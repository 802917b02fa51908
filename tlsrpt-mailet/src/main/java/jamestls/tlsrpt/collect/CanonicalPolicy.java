package jamestls.tlsrpt.collect;

import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.PolicyType;
import java.util.List;
import java.util.Locale;

/** Brings a policy into the one form under which it is counted and reported, so that equal policies are counted together. */
public final class CanonicalPolicy {

    private CanonicalPolicy() {
    }

    /**
     * For STS the lines as published, in their order, without line ends and empty lines (RFC 8460 §4.5: errors included).
     * For TLSA a set, because a DNS answer has no order: lower-case hex, sorted, each record once.
     */
    public static AppliedPolicy of(AppliedPolicy policy) {
        List<String> lines = policy.policyStrings().stream().flatMap(String::lines).filter(line -> !line.isBlank()).toList();
        List<String> strings = policy.type() == PolicyType.TLSA
            ? lines.stream().map(line -> line.toLowerCase(Locale.ROOT)).distinct().sorted().toList()
            : lines;
        return new AppliedPolicy(policy.type(), policy.policyDomain(), strings, policy.mxHosts());
    }
}
