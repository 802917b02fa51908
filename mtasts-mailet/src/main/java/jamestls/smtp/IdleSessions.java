package jamestls.smtp;

import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The sessions that idle, within the limits. It has no lock of its own; the pool's is held around every call. */
final class IdleSessions {

    private final ReuseLimits limits;
    private final Map<SessionKey, Deque<PooledSession>> byKey = new HashMap<>();
    /** Longest idle first. */
    private final Set<PooledSession> all = new LinkedHashSet<>();

    IdleSessions(ReuseLimits limits) {
        this.limits = limits;
    }

    /** Takes the session used last, so that sessions which are not needed reach their idle limit. */
    Optional<PooledSession> takeLast(SessionKey key) {
        Deque<PooledSession> there = byKey.get(key);
        if (there == null) {
            return Optional.empty();
        }
        PooledSession last = there.getLast();
        remove(last);
        return Optional.of(last);
    }

    /** The one there that has idled longest, whatever its key. */
    Optional<PooledSession> takeAnyAt(InetSocketAddress address) {
        Optional<PooledSession> there = all.stream().filter(idle -> idle.key().address().equals(address)).findFirst();
        there.ifPresent(this::remove);
        return there;
    }

    /** @return the one that makes room for it, if one has to */
    Optional<PooledSession> add(PooledSession idle) {
        Deque<PooledSession> there = byKey.computeIfAbsent(idle.key(), key -> new ArrayDeque<>());
        there.addLast(idle);
        all.add(idle);
        Optional<PooledSession> tooMany = there.size() > limits.perHost() ? Optional.of(there.getFirst())
            : all.size() > limits.inAll() ? Optional.of(all.iterator().next()) : Optional.empty();
        tooMany.ifPresent(this::remove);
        return tooMany;
    }

    /** Takes out those that have idled or lived for too long. */
    List<PooledSession> takeOver(long now) {
        List<PooledSession> over = all.stream().filter(idle -> idle.isOver(limits, now)).toList();
        over.forEach(this::remove);
        return over;
    }

    List<PooledSession> takeAll() {
        List<PooledSession> taken = new ArrayList<>(all);
        all.clear();
        byKey.clear();
        return taken;
    }

    boolean has(SessionKey key) {
        return byKey.containsKey(key);
    }

    int size() {
        return all.size();
    }

    private void remove(PooledSession idle) {
        all.remove(idle);
        Deque<PooledSession> there = byKey.get(idle.key());
        // mostly the last: the search starts there
        there.removeLastOccurrence(idle);
        if (there.isEmpty()) {
            byKey.remove(idle.key());
        }
    }
}
