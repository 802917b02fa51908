package jamestls.tlsrpt.store;

import jamestls.dns.DomainName;
import jamestls.tlsrpt.store.DestinationStore.Suppressed;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** In memory: a restart forgets it. */
public final class MemoryDestinationStore implements DestinationStore {

    private static final int MAX_ADDRESSES = 100_000;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Suppressed> addresses = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Suppressed> eldest) {
            return size() > MAX_ADDRESSES;
        }
    };
    private final Map<LocalDate, Map<DomainName, Long>> days = new HashMap<>();
    private final byte[] secret = new byte[SqlDestinationStore.SECRET_OCTETS];

    public MemoryDestinationStore() {
        new SecureRandom().nextBytes(secret);
    }

    @Override
    public List<Suppressed> suppressed(Instant now) {
        lock.lock();
        try {
            return addresses.values().stream().filter(each -> each.until().isAfter(now)).toList();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void suppress(Suppressed mailbox) {
        lock.lock();
        try {
            addresses.merge(mailbox.address(), mailbox, (before, fresh) -> fresh.until().isAfter(before.until()) ? fresh : before);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Map<DomainName, Long> ofDay(LocalDate day) {
        lock.lock();
        try {
            return Map.copyOf(days.getOrDefault(day, Map.of()));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Map<DomainName, Long> add(LocalDate day, Map<DomainName, Integer> more) {
        lock.lock();
        try {
            // nobody looks back, and memory is dear
            days.keySet().removeIf(day::isAfter);
            Map<DomainName, Long> counts = days.computeIfAbsent(day, fresh -> new HashMap<>());
            Map<DomainName, Long> totals = new HashMap<>();
            more.forEach((host, n) -> totals.put(host, counts.merge(host, (long) n, Long::sum)));
            return totals;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public byte[] secret() {
        return secret.clone();
    }

    @Override
    public void forget(LocalDate firstKept) {
        lock.lock();
        try {
            days.keySet().removeIf(firstKept::isAfter);
        } finally {
            lock.unlock();
        }
    }
}
