package jamestls.tlsrpt.store;

import jamestls.tlsrpt.store.Due.Expiry;
import jamestls.tlsrpt.store.TallyLimits.ByteBudget;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Counters in memory, guarded by one lock. A restart loses them; settled parts are deleted at once. */
public final class MemoryTallyStore implements TallyStore {

    private static final int DOMAIN_WEIGHT = 400;
    /** Reports are sent until 48 hours after the end of their day. */
    private static final int DAYS_REPORTED = 3;

    private final TallyLimits limits;
    private final ByteBudget budget;
    private final ReentrantLock lock = new ReentrantLock();
    private final SortedMap<TallyKey, Entry> entries = new TreeMap<>();
    private final Map<LocalDate, Integer> domains = new HashMap<>();
    private final Map<String, Long> groups = new HashMap<>();
    /** Differs after each start, so that reports from before and after a restart have different ids. */
    private final byte[] secret = new byte[SqlDestinationStore.SECRET_OCTETS];

    public MemoryTallyStore(TallyLimits limits) {
        this.limits = limits;
        this.budget = limits.budget();
        new SecureRandom().nextBytes(secret);
    }

    @Override
    public int add(WriteId group, List<Tally> tallies) {
        return locked(() -> {
            Long last = groups.get(group.writer());
            if (last != null && last >= group.number()) {
                return 0;
            }
            groups.put(group.writer(), group.number());
            return tallies.stream().mapToInt(this::add).sum();
        });
    }

    @Override
    public List<TallyKey> claimable(Due due, Optional<TallyKey> after, int limit) {
        return locked(() -> entries.entrySet().stream()
            .filter(entry -> after.isEmpty() || entry.getKey().compareTo(after.get()) > 0)
            .filter(entry -> !entry.getKey().day().isAfter(due.lastDay()) && entry.getValue().isDue(due))
            .map(Map.Entry::getKey)
            .limit(limit)
            .toList());
    }

    @Override
    public List<Claim> claim(List<TallyKey> keys, Due due) {
        return locked(() -> keys.stream()
            .flatMap(key -> Optional.ofNullable(entries.get(key)).flatMap(entry -> entry.claim(key, due, secret)).stream())
            .toList());
    }

    @Override
    public List<Boolean> end(List<Claim.Result> results) {
        return locked(() -> results.stream().map(result -> discarded(result.claim())).toList());
    }

    private boolean discarded(Claim claim) {
        return held(claim).map(closed -> {
            closed.counts.release();
            entries.get(claim.tally().key()).closed.remove(claim.tally().part().number());
            return true;
        }).orElse(false);
    }

    @Override
    public boolean postpone(Claim claim, Instant notBefore) {
        return locked(() -> held(claim).map(closed -> {
            closed.token = "";
            closed.lease = Expiry.NONE;
            closed.pause = new Expiry(notBefore, Expiry.MAX_PAUSE);
            closed.tries++;
            return true;
        }).orElse(false));
    }

    @Override
    public void forget(LocalDate firstKept) {
        locked(() -> forgetIf(day -> day.isBefore(firstKept)));
    }

    private boolean forgetIf(Predicate<LocalDate> old) {
        domains.keySet().removeIf(old);
        return entries.entrySet().removeIf(entry -> {
            boolean removed = old.test(entry.getKey().day());
            if (removed) {
                entry.getValue().open.ifPresent(Tally::release);
                entry.getValue().closed.values().forEach(closed -> closed.counts.release());
                budget.release(DOMAIN_WEIGHT);
            }
            return removed;
        });
    }

    /** Available memory in bytes. */
    long bytesLeft() {
        return budget.left();
    }

    private int add(Tally more) {
        Entry entry = entries.get(more.key());
        if (entry == null) {
            if (!hasCapacityFor(more.key().day()) || !budget.take(DOMAIN_WEIGHT)) {
                return more.policies().size();
            }
            entry = new Entry(ReportPeriod.first(more.key()));
            entries.put(more.key(), entry);
            domains.merge(more.key().day(), 1, Integer::sum);
        }
        Optional<Tally> open = entry.open.or(() -> Tally.within(limits, budget, more.key()));
        int dropped = open.map(tally -> tally.add(more)).orElseGet(() -> more.policies().size());
        open.filter(Tally::isEmpty).ifPresent(Tally::release);
        entry.open = open.filter(tally -> !tally.isEmpty());
        return dropped;
    }

    private boolean hasCapacityFor(LocalDate day) {
        return domains.getOrDefault(day, 0) < limits.domainsPerDay()
            && (domains.containsKey(day) || domains.size() < limits.days() || evictFor(day));
    }

    /** Deletes the day furthest away, if it can't be reported any more or was counted with a wrong clock. */
    private boolean evictFor(LocalDate day) {
        LocalDate furthest = Collections.max(domains.keySet(), Comparator.comparing(each -> Math.abs(ChronoUnit.DAYS.between(day, each))));
        boolean evictable = Math.abs(ChronoUnit.DAYS.between(day, furthest)) > DAYS_REPORTED;
        if (evictable) {
            forgetIf(furthest::equals);
        }
        return evictable;
    }

    private Optional<Closed> held(Claim claim) {
        return Optional.ofNullable(entries.get(claim.tally().key()))
            .map(entry -> entry.closed.get(claim.tally().part().number()))
            .filter(closed -> closed.token.equals(claim.token()));
    }

    private <T> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    private static final class Entry {
        private ReportPeriod part;
        private Optional<Tally> open = Optional.empty();
        private final SortedMap<Integer, Closed> closed = new TreeMap<>();

        Entry(ReportPeriod part) {
            this.part = part;
        }

        boolean isDue(Due due) {
            return open.isPresent() || closed.values().stream().anyMatch(each -> each.isDue(due));
        }

        Optional<Claim> claim(TallyKey key, Due due, byte[] secret) {
            Optional<Closed> free = closed.values().stream().filter(each -> each.isDue(due)).findFirst();
            return free.or(() -> close(key, due.now(), secret)).map(each -> each.claim(due.now()));
        }

        private Optional<Closed> close(TallyKey key, Instant now, byte[] secret) {
            return open.map(counts -> {
                ReportPeriod period = part.closedAt(now, key).in(secret, key);
                Instant end = period.endAt(now, key);
                Closed fresh = new Closed(counts, counts.snapshot(period, end));
                closed.put(part.number(), fresh);
                part = part.next(end, key);
                open = Optional.empty();
                return fresh;
            });
        }
    }

    private static final class Closed {
        private final Tally counts;
        private final DomainTally tally;
        private String token = "";
        private Expiry lease = Expiry.NONE;
        private Expiry pause = Expiry.NONE;
        private int tries;
        private boolean claimed;

        Closed(Tally counts, DomainTally tally) {
            this.counts = counts;
            this.tally = tally;
        }

        boolean isDue(Due due) {
            return lease.isOver(due.now()) && pause.isOver(due.postponedUntil());
        }

        Claim claim(Instant now) {
            boolean fresh = !claimed;
            claimed = true;
            token = UUID.randomUUID().toString();
            lease = new Expiry(now.plus(Expiry.LEASE), Expiry.MAX_LEASE);
            return new Claim(tally, tries, fresh, token);
        }
    }
}
