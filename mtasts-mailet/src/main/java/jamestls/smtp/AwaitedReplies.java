package jamestls.smtp;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Lock;

/**
 * The sessions that await the final reply to a mail, and the mails that follow on them. It has no lock of its own; the pool's is held
 * around every call.
 */
final class AwaitedReplies {

    /** Without a next mail, the longest wait first. */
    private final Map<SessionKey, Deque<Lease>> free = new HashMap<>();
    private final Map<Lease, NextMail> next = new HashMap<>();

    void add(Lease lease) {
        free.computeIfAbsent(lease.pooled().key(), key -> new ArrayDeque<>()).addLast(lease);
    }

    /**
     * Takes the place behind the mail that has awaited its reply longest.
     *
     * @param isDomainFull whether the domain may only replace one of its own mails
     * @param lock the pool's
     */
    Optional<NextMail> takeFirst(SessionKey key, String domain, boolean isDomainFull, Lock lock) {
        Iterator<Lease> there = free.getOrDefault(key, new ArrayDeque<>()).iterator();
        while (there.hasNext()) {
            Lease lease = there.next();
            if (!isDomainFull || lease.domain().equals(domain)) {
                there.remove();
                NextMail mail = new NextMail(lease.session(), domain, lock);
                next.put(lease, mail);
                return Optional.of(mail);
            }
        }
        return Optional.empty();
    }

    /** The reply has come, or never will. @return the mail that follows */
    Optional<NextMail> remove(Lease lease) {
        Optional<NextMail> mail = Optional.ofNullable(next.remove(lease));
        free.computeIfPresent(lease.pooled().key(), (key, leases) -> {
            leases.remove(lease);
            return leases.isEmpty() ? null : leases;
        });
        return mail;
    }
}
