package jamestls.tlsrpt.store;

import jamestls.outcome.AppliedPolicy;
import java.util.Arrays;

/**
 * A policy as it stands in its table, under its hash.
 *
 * @param hash of the rest; not to be changed
 * @param type as on the wire
 * @param domain empty for the recipient domain
 * @param strings lines
 * @param mxHosts lines
 */
record StoredPolicy(byte[] hash, String type, String domain, byte[] strings, byte[] mxHosts) implements Comparable<StoredPolicy> {

    /** @param key whose policy it is */
    static StoredPolicy of(AppliedPolicy policy, TallyKey key) {
        String domain = policy.policyDomain().equals(key.domain()) ? "" : policy.policyDomain().ascii();
        byte[] strings = JdbcValues.lines(policy.policyStrings());
        byte[] mxHosts = JdbcValues.lines(policy.mxHosts());
        return new StoredPolicy(JdbcValues.hash(policy.type().wireName(), domain, strings, mxHosts), policy.type().wireName(), domain,
            strings,
            mxHosts);
    }

    @Override
    public int compareTo(StoredPolicy other) {
        return Arrays.compareUnsigned(hash, other.hash);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof StoredPolicy policy && Arrays.equals(hash, policy.hash);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(hash);
    }
}
