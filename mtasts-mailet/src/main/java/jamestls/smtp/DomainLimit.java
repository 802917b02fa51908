package jamestls.smtp;

import java.util.HashMap;
import java.util.Map;

/** How many sessions carry mail to each recipient domain. It has no lock of its own; the pool's is held around every call. */
final class DomainLimit {

    private final int max;
    private final Map<String, Integer> sessions = new HashMap<>();

    DomainLimit(int max) {
        this.max = max;
    }

    boolean isFull(String domain) {
        return sessions.getOrDefault(domain, 0) >= max;
    }

    /** @param domain empty for a session that does not count */
    void uses(String domain) {
        if (!domain.isEmpty()) {
            sessions.merge(domain, 1, Integer::sum);
        }
    }

    void usesNoMore(String domain) {
        sessions.computeIfPresent(domain, (same, count) -> count == 1 ? null : count - 1);
    }
}
