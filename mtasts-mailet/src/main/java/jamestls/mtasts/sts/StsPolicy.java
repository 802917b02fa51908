package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A policy as published (RFC 8461 §3.2), without its domain: the same text may serve many domains.
 *
 * @param mode what to do with hosts that violate it
 * @param maxAge how long it may be cached after the fetch: 0 to 31,557,600 seconds (a year)
 * @param mx the patterns of the mail hosts, in the order published; empty only in mode none
 * @param policyStrings the lines as published, without their ends, unknown fields and ignored duplicates included: what a
 *     report quotes (RFC 8460 §4.4, policy-string)
 */
public record StsPolicy(Mode mode, Duration maxAge, List<MxPattern> mx, List<String> policyStrings) {

    /** The longest {@code max_age} there is (RFC 8461 §3.2). */
    public static final Duration MAX_MAX_AGE = Duration.ofSeconds(31_557_600);

    /** The field {@code mode} (RFC 8461 §5), strictest first. */
    public enum Mode {
        /** Hosts that violate the policy get no mail. */
        ENFORCE("enforce"),
        /** Violations are only reported. */
        TESTING("testing"),
        /** No active policy; used to withdraw a policy (RFC 8461 §8.3). */
        NONE("none");

        private final String wireName;

        Mode(String wireName) {
            this.wireName = wireName;
        }

        /** The value in the policy. */
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

    /**
     * A policy to publish, in the order of fields that RFC 8461 §3.2 shows.
     *
     * @throws IllegalArgumentException as the constructor, and if the text would be too large for senders
     */
    public static StsPolicy of(Mode mode, Duration maxAge, List<MxPattern> mx) {
        List<String> lines = new ArrayList<>(List.of("version: STSv1", "mode: " + mode.wireName()));
        mx.forEach(pattern -> lines.add("mx: " + pattern.text()));
        lines.add("max_age: " + maxAge.toSeconds());
        StsPolicy policy = new StsPolicy(mode, maxAge, mx, lines);
        if (parse(policy.text().getBytes(StandardCharsets.US_ASCII)) instanceof ParsedPolicy.Invalid invalid) {
            throw new IllegalArgumentException(invalid.error().toString());
        }
        return policy;
    }

    /** Parses a policy from hostile bytes. Never throws. {@link PolicyGrammar} lists what is refused. */
    public static ParsedPolicy parse(byte[] body) {
        return PolicyGrammar.parse(body);
    }

    /** Whether a pattern of the policy matches this host (RFC 8461 §4.1). */
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

    /** The result of parsing a policy. */
    public sealed interface ParsedPolicy {

        /** The text follows the grammar of RFC 8461 §3.2 and has all required fields. */
        record Valid(StsPolicy policy) implements ParsedPolicy {
        }

        /** The text is invalid; a sender must not use any part of it. */
        record Invalid(PolicySyntaxError error) implements ParsedPolicy {
        }
    }

    /**
     * Why a text is invalid.
     *
     * @param line the line, from 1; 0 for the whole text
     * @param reason one short line; quotes nothing from the text but known field names
     */
    public record PolicySyntaxError(int line, String reason) {

        @Override
        public String toString() {
            return line == 0 ? reason : "line " + line + ": " + reason;
        }
    }
}
