package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import java.time.Duration;
import java.util.List;

/**
 * A policy as a domain publishes it (RFC 8461 §3.2). It does not know whose it is: the same text may serve many domains.
 *
 * @param mode what to do when a session falls short of it
 * @param maxAge how long it may be kept after it was fetched: 0 to 31,557,600 seconds (a year)
 * @param mx the hosts that may take mail for the domain, in the order published; empty only in mode none
 * @param policyStrings the lines as published, without their ends, unknown fields and ignored duplicates included: what a
 *     report quotes (RFC 8460 §4.4, policy-string)
 */
public record StsPolicy(Mode mode, Duration maxAge, List<MxPattern> mx, List<String> policyStrings) {

    /** The longest {@code max_age} there is (RFC 8461 §3.2). */
    public static final Duration MAX_MAX_AGE = Duration.ofSeconds(31_557_600);

    /** The field {@code mode} (RFC 8461 §5), strictest first. */
    public enum Mode {
        /** Hosts that fall short get no mail. */
        ENFORCE("enforce"),
        /** Failures are reported, mail goes through. */
        TESTING("testing"),
        /** As if there were no policy; how a domain takes its policy back (RFC 8461 §8.3). */
        NONE("none");

        private final String wireName;

        Mode(String wireName) {
            this.wireName = wireName;
        }

        /** The word that stands in the policy. */
        public String wireName() {
            return wireName;
        }
    }

    public StsPolicy {
        mx = List.copyOf(mx);
        policyStrings = List.copyOf(policyStrings);
        if (maxAge.isNegative() || maxAge.compareTo(MAX_MAX_AGE) > 0) {
            throw new IllegalArgumentException("max_age " + maxAge);
        }
        if (mx.isEmpty() && mode != Mode.NONE) {
            throw new IllegalArgumentException("no mx in mode " + mode.wireName());
        }
    }

    /** Reads a policy, of which every byte may be a stranger's. Never throws. See {@link PolicyGrammar} for what is refused. */
    public static ParsedPolicy parse(byte[] body) {
        return PolicyGrammar.parse(body);
    }

    /** Whether the policy lets this host take mail for the domain (RFC 8461 §4.1). */
    public boolean lists(DomainName mxHost) {
        for (MxPattern pattern : mx) {
            if (pattern.matches(mxHost)) {
                return true;
            }
        }
        return false;
    }

    /** The text again, one line each with LF; {@link #parse} of it gives an equal policy, unless the last LF makes it too large. */
    public String text() {
        return String.join("\n", policyStrings) + "\n";
    }

    /**
     * The policy as outcomes and reports know it. Mode none is no active policy (RFC 8461 §5), so it is reported as
     * "no policy found".
     */
    public AppliedPolicy applied(DomainName policyDomain) {
        return mode == Mode.NONE
            ? AppliedPolicy.none(policyDomain)
            : new AppliedPolicy(PolicyType.STS, policyDomain, policyStrings, mx.stream().map(MxPattern::text).toList());
    }

    /** What became of reading a policy. */
    public sealed interface ParsedPolicy {

        /** It follows the grammar of RFC 8461 §3.2 and has all required fields. */
        record Valid(StsPolicy policy) implements ParsedPolicy {
        }

        /** It does not; a sender must not use any part of it. */
        record Invalid(PolicySyntaxError error) implements ParsedPolicy {
        }
    }

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
}
