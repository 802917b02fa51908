package jamestls.outcome;

import java.util.HashSet;
import java.util.Set;

/**
 * One connection as reports count it: it remembers in which reports it stands, so that it counts once in each, however many mails of
 * however many domains it carries. One object belongs to one connection and is in all outcomes about it. Safe for many threads.
 */
public final class CountedSession {

    /** Far above the number of mails that one connection carries. */
    private static final int MAX_REPORTS = 1_000;

    private final Set<Object> reports = HashSet.newHashSet(2);

    /**
     * Enters the session into a report.
     *
     * @param report names it; two names are about the same report if they are equal
     * @return whether it was not in there yet
     */
    public synchronized boolean enter(Object report) {
        return reports.size() < MAX_REPORTS && reports.add(report);
    }
}
