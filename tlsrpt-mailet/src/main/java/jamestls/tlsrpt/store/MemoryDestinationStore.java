package jamestls.tlsrpt.store;

import jamestls.dns.DomainName;
import jamestls.tlsrpt.store.DestinationStore.Suppressed;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** In memory: a restart forgets it. */
public final class MemoryDestinationStore implements DestinationStore {

    private static final int MAX_ADDRESSES = 100_000;
    private static final int MAX_SHARES = 100_000;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Suppressed> addresses = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Suppressed> eldest) {
            return size() > MAX_ADDRESSES;
        }
    };
    private final Map<List<DomainName>, Share> shares = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<List<DomainName>, Share> eldest) {
            return size() > MAX_SHARES;
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
    public void suppress(Suppressed entry) {
        lock.lock();
        try {
            addresses.merge(entry.address(), entry, (before, fresh) ->
                fresh.until().isAfter(before.until()) || before.until().isAfter(fresh.until().plus(Suppressed.MAX_AHEAD)) ? fresh : before);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Map<DomainName, Long> reportsPerHost(LocalDate day) {
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
            // earlier days are not needed any more
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
    public List<Share> shares() {
        lock.lock();
        try {
            return List.copyOf(shares.values());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void save(List<Share> fresh) {
        lock.lock();
        try {
            fresh.forEach(share -> shares.merge(List.of(share.host(), share.domain()), share, (before, now) -> new Share(now.host(),
                now.domain(), before.first().equals(Instant.EPOCH) ? now.first() : before.first(),
                now.last().isAfter(before.last()) ? now.last() : before.last(), now.waitsUntil())));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void revokeAcceptance(DomainName host, DomainName domain) {
        lock.lock();
        try {
            shares.computeIfPresent(List.of(host, domain),
                (key, share) -> new Share(host, domain, Instant.EPOCH, share.last(), share.waitsUntil()));
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
            Instant kept = firstKept.atStartOfDay(ZoneOffset.UTC).toInstant();
            shares.values().removeIf(share -> share.last().isBefore(kept) && share.waitsUntil().isBefore(kept));
        } finally {
            lock.unlock();
        }
    }
}
