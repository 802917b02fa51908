package jamestls.mtasts.sts;

import jamestls.net.Sanitized;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Checks a policy for its owner: all problems, not only the first, and advice on valid but unwise settings.
 *
 * @param policy empty if there are problems
 * @param problems the reasons for which senders must not use it, at most 100
 * @param advice other findings, at most 100
 */
public record PolicyLint(Optional<StsPolicy> policy, List<LintNote> problems, List<LintNote> advice) {

    private static final int MAX_NOTES = 100;
    private static final Duration SHORT = Duration.ofDays(7);
    private static final Set<String> FIELDS = Set.of("version", "mode", "max_age", "mx");

    public PolicyLint {
        problems = problems.stream().limit(MAX_NOTES).toList();
        advice = advice.stream().limit(MAX_NOTES).toList();
    }

    /** Checks a policy, never throws. It accepts the same policies as {@link StsPolicy#parse}. */
    public static PolicyLint of(byte[] body) {
        PolicyGrammar grammar = PolicyGrammar.readAll(body);
        List<LintNote> problems = grammar.findings().stream()
            .map(finding -> new LintNote(finding.line(), finding.reason(), finding.fault().remedy())).toList();
        Optional<StsPolicy> policy = problems.isEmpty() ? Optional.of(grammar.policy()) : Optional.empty();
        List<LintNote> advice = new ArrayList<>(grammar.tolerated().stream().map(finding -> new LintNote(finding.line(),
            finding.reason() + ": SecureRemoteDelivery accepts the policy, other senders may not", finding.fault().remedy()))
            .toList());
        advice.addAll(onLines(grammar.lines()));
        policy.ifPresent(valid -> advice.addAll(onWhole(valid, grammar.lines())));
        return new PolicyLint(policy, problems, advice);
    }

    private static List<LintNote> onLines(List<String> lines) {
        List<LintNote> advice = new ArrayList<>();
        Map<String, Integer> seen = new HashMap<>();
        Set<String> hosts = new HashSet<>();
        for (int i = 0; i < lines.size(); i++) {
            int line = i + 1;
            String[] field = lines.get(i).split(":", 2);
            String name = field[0];
            String value = field.length > 1 ? field[1].strip() : "";
            if (name.equals("mx")) {
                onMx(value, line, hosts, advice);
            } else if (FIELDS.contains(name)) {
                Integer first = seen.putIfAbsent(name, line);
                if (first != null) {
                    // RFC 8461 §3.2: of duplicate fields the first counts
                    advice.add(new LintNote(line, name + " is there already, on line " + first + "; this one is ignored",
                        "delete the line"));
                }
            } else {
                nearest(name).ifPresent(meant ->
                    advice.add(new LintNote(line, "senders ignore the unknown field '" + printable(name) + "'",
                        "did you mean " + meant + "?")));
            }
        }
        return advice;
    }

    private static void onMx(String value, int line, Set<String> hosts, List<LintNote> advice) {
        MxPattern.parse(value).ifPresent(pattern -> {
            if (!hosts.add(pattern.text())) {
                advice.add(new LintNote(line, "mx " + pattern + " is there already", "delete the line"));
            } else if (pattern.text().startsWith("*.") && pattern.text().indexOf('.', 2) < 0) {
                advice.add(new LintNote(line, "mx " + pattern + " matches any host of a top-level domain",
                    "name your hosts, or your own domain after the *."));
            } else if (!pattern.text().contains(".")) {
                advice.add(new LintNote(line, "mx " + pattern + " is no full host name", "write the name as it stands in the MX record"));
            }
        });
    }

    private static List<LintNote> onWhole(StsPolicy policy, List<String> lines) {
        List<LintNote> advice = new ArrayList<>();
        if (policy.mode() != StsPolicy.Mode.NONE && policy.maxAge().compareTo(SHORT) < 0) {
            // RFC 8461 §3.2: weeks or more are expected; §10.2
            advice.add(new LintNote(lineOf("max_age", lines), "max_age of " + policy.maxAge().toSeconds()
                + " seconds is short: an attacker has to block the policy for that time only",
                "write max_age: 604800 (a week) or more"));
        }
        if (policy.mode() == StsPolicy.Mode.TESTING) {
            advice.add(new LintNote(lineOf("mode", lines), "in mode testing failures are reported, and mail is sent nevertheless",
                "publish a TLSRPT record (RFC 8460), and write mode: enforce once the reports are clean"));
        }
        if (policy.mode() == StsPolicy.Mode.NONE) {
            advice.add(new LintNote(lineOf("mode", lines), "mode none withdraws the policy",
                "keep file and record until the max_age of the previous policy has passed (RFC 8461 §8.3)"));
        }
        return advice;
    }

    private static int lineOf(String name, List<String> lines) {
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).startsWith(name + ":")) {
                return i + 1;
            }
        }
        return 0;
    }

    /** The field that was probably intended. */
    private static Optional<String> nearest(String name) {
        String plain = name.strip().toLowerCase(Locale.ROOT).replaceAll("[^a-z]", "");
        return FIELDS.stream().filter(field -> plain.equals(field.replace("_", ""))).findFirst();
    }

    private static String printable(String text) {
        String cut = text.length() > 40 ? text.substring(0, 40) + "..." : text;
        return Sanitized.ascii(cut, Integer.MAX_VALUE);
    }

    /**
     * A finding for the owner of a policy or record.
     *
     * @param line the line, from 1; 0 for the whole text
     * @param text the finding
     * @param remedy what to do
     */
    public record LintNote(int line, String text, String remedy) {
    }
}
