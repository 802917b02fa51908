package jamestls.tlsrpt.inbox;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.tlsrpt.inbox.ReceivedReport.Element;
import jamestls.tlsrpt.inbox.ReceivedReport.Failure;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What one report says about one domain, added up. Policies of type {@code tlsa} and the others cover the same sessions (RFC 8460 §4), so
 * that their numbers are never added: the larger ones count.
 *
 * @param sessions all sessions
 * @param failed those of them that did not meet a policy
 * @param byType successful and failed sessions of each policy type, in this order
 * @param causes failed sessions by cause, sorted
 */
record DomainSums(long sessions, long failed, Map<PolicyType, long[]> byType, SortedMap<Cause, Long> causes) {

    /** Causes of one report and domain; the smaller ones of more lose their MX host, which a stranger can invent. */
    static final int MAX_CAUSES = 100;

    /** A kind of failure. */
    record Cause(String type, String mxHost) implements Comparable<Cause> {

        private static final Comparator<Cause> ORDER = Comparator.comparing(Cause::type).thenComparing(Cause::mxHost);

        @Override
        public int compareTo(Cause other) {
            return ORDER.compare(this, other);
        }
    }

    /** The sums of a report, by domain. */
    static SortedMap<DomainName, DomainSums> of(List<Element> elements) {
        SortedMap<DomainName, DomainSums> sums = new TreeMap<>();
        elements.stream().collect(Collectors.groupingBy(Element::domain)).forEach((domain, own) -> sums.put(domain, ofOne(own)));
        return sums;
    }

    long successes(PolicyType type) {
        return byType.get(type)[0];
    }

    long failures(PolicyType type) {
        return byType.get(type)[1];
    }

    private static DomainSums ofOne(List<Element> elements) {
        Map<PolicyType, long[]> byType = new HashMap<>();
        for (PolicyType type : PolicyType.values()) {
            byType.put(type, new long[2]);
        }
        Map<Cause, Long> dane = new HashMap<>();
        Map<Cause, Long> others = new HashMap<>();
        for (Element element : elements) {
            long[] counts = byType.get(element.type());
            counts[0] = bounded(counts[0] + element.successes());
            counts[1] = bounded(counts[1] + element.failures());
            for (Failure failure : element.details()) {
                (element.type() == PolicyType.TLSA ? dane : others)
                    .merge(new Cause(failure.type(), failure.mxHost()), failure.sessions(), (one, more) -> bounded(one + more));
            }
        }
        dane.forEach((cause, sessions) -> others.merge(cause, sessions, Math::max));
        long[] tlsa = byType.get(PolicyType.TLSA);
        long otherFailures = byType.get(PolicyType.STS)[1] + byType.get(PolicyType.NO_POLICY_FOUND)[1];
        long otherSessions = byType.get(PolicyType.STS)[0] + byType.get(PolicyType.NO_POLICY_FOUND)[0] + otherFailures;
        long sessions = Math.max(otherSessions, tlsa[0] + tlsa[1]);
        return new DomainSums(sessions, Math.min(sessions, Math.max(otherFailures, tlsa[1])), byType, bounded(others));
    }

    private static long bounded(long sessions) {
        return Math.min(sessions, ReceivedReport.MAX_SESSIONS);
    }

    private static SortedMap<Cause, Long> bounded(Map<Cause, Long> causes) {
        SortedMap<Cause, Long> kept = new TreeMap<>();
        List<Map.Entry<Cause, Long>> largestFirst = causes.entrySet().stream()
            .filter(each -> each.getValue() > 0)
            .sorted(Map.Entry.<Cause, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey())).toList();
        for (int i = 0; i < largestFirst.size(); i++) {
            Cause cause = largestFirst.get(i).getKey();
            String type = i < 2 * MAX_CAUSES ? cause.type() : "unknown";
            kept.merge(i < MAX_CAUSES ? cause : new Cause(type, ""), largestFirst.get(i).getValue(), (one, more) -> bounded(one + more));
        }
        return kept;
    }
}
