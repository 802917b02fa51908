package jamestls.mtasts.check;

import jamestls.dns.DomainName;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The findings about one domain, worst first.
 *
 * @param time of the look
 * @param publishes whether the domain has an MTA-STS record or TLSA records
 */
public record CheckResult(DomainName domain, Instant time, List<Line> lines, boolean publishes) {

    public CheckResult {
        lines = lines.stream().distinct().sorted(Comparator.comparing(Line::severity)).toList();
    }

    /** How bad a finding is, worst first. */
    public enum Severity {
        /** Strict senders hold mail, reports do not arrive, or that is about to happen. */
        PROBLEM,
        /** It could not be determined. */
        UNKNOWN,
        /** It works, and could be better. */
        ADVICE,
        /** Nothing to do. */
        FINE;

        /** The name in tables and JSON. */
        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A finding.
     *
     * @param code the kind of the finding, the same in all versions: for programs, and to see whether it is new
     * @param subject what it is about: {@code record}, {@code policy}, {@code reports}, or the name of an MX host
     * @param text the finding, sanitized, one line
     * @param remedy what to do; empty if there is nothing to do
     */
    public record Line(Severity severity, String code, String subject, String text, String remedy) {

        /** The members of the JSON object, in order. */
        public Map<String, Object> json() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("severity", severity.wireName());
            json.put("code", code);
            json.put("subject", subject);
            json.put("text", text);
            json.put("remedy", remedy.isEmpty() ? null : remedy);
            return json;
        }
    }

    /** Whether there is a finding of that severity. */
    public boolean has(Severity severity) {
        return lines.stream().anyMatch(line -> line.severity() == severity);
    }

    /** The members of the JSON object, in order. */
    public Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("domain", domain.ascii());
        json.put("time", time.toString());
        json.put("publishes", publishes);
        json.put("findings", lines.stream().map(Line::json).toList());
        return json;
    }
}
