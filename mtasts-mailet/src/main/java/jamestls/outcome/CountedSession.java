package jamestls.outcome;

import java.util.HashSet;
import java.util.Set;

/**
 * The reports in which one connection was counted, so that it counts once in each, however many mails it carries. One object belongs to
 * one connection and is in all outcomes of it. Safe for use by many threads.
 */
public final class CountedSession {

    /** A bound far above the number of mails that one connection carries. */
    private static final int MAX_REPORTS = 1_000;

    private final Set<Object> reports = HashSet.newHashSet(2);

    /**
     * Records that the connection is counted in a report.
     *
     * @param report identifies the report, by equality
     * @return whether it was not counted there before
     */
    public synchronized boolean enter(Object report) {
        return reports.size() < MAX_REPORTS && reports.add(report);
    }
}
