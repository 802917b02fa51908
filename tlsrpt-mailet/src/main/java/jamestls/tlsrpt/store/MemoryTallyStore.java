package jamestls.tlsrpt.store;

import java.time.Instant;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** Counters in memory: a restart loses them, and what is settled is gone at once. One short critical section for all. */
public final class MemoryTallyStore implements TallyStore {

    private static final int DOMAIN_WEIGHT = 400;

    private final TallyLimits limits;
    private final ByteBudget budget;
    private final ReentrantLock lock = new ReentrantLock();
    private final SortedMap<TallyKey, Entry> entries = new TreeMap<>();
    private final Map<LocalDate, Integer> domains = new HashMap<>();
    private final Map<String, Long> groups = new HashMap<>();

    public MemoryTallyStore(TallyLimits limits) {
        this.limits = limits;
        this.budget = new ByteBudget(limits.bytes());
    }

    @Override
    public int add(WriteId group, List<DomainCounts> counts) {
        return alone(() -> {
            Long last = groups.get(group.writer());
            if (last != null && last >= group.number()) {
                return 0;
            }
            groups.put(group.writer(), group.number());
            return counts.stream().mapToInt(this::add).sum();
        });
    }

    @Override
    public List<TallyKey> present(Due due, Optional<TallyKey> after, int most) {
        return alone(() -> entries.entrySet().stream()
            .filter(entry -> after.isEmpty() || entry.getKey().compareTo(after.get()) > 0)
            .filter(entry -> !entry.getKey().day().isAfter(due.lastDay()) && entry.getValue().isDue(due))
            .map(Map.Entry::getKey)
            .limit(most)
            .toList());
    }

    @Override
    public List<Claim> claim(List<TallyKey> keys, Due due) {
        return alone(() -> keys.stream()
            .flatMap(key -> Optional.ofNullable(entries.get(key)).flatMap(entry -> entry.claim(key, due)).stream())
            .toList());
    }

    @Override
    public List<Boolean> end(List<ClaimResult> endings) {
        return alone(() -> endings.stream().map(ending -> discarded(ending.claim())).toList());
    }

    private boolean discarded(Claim claim) {
        return held(claim).map(closed -> {
            closed.counter.release();
            entries.get(claim.tally().key()).closed.remove(claim.tally().part().number());
            return true;
        }).orElse(false);
    }

    @Override
    public boolean postpone(Claim claim, Instant notBefore) {
        return alone(() -> held(claim).map(closed -> {
            closed.token = "";
            closed.lease = Expiry.NONE;
            closed.pause = new Expiry(notBefore, Expiry.MAX_PAUSE);
            closed.tries++;
            return true;
        }).orElse(false));
    }

    @Override
    public void forget(LocalDate firstKept) {
        alone(() -> domains.keySet().removeIf(day -> day.isBefore(firstKept)));
        alone(() -> entries.entrySet().removeIf(entry -> {
            boolean old = entry.getKey().day().isBefore(firstKept);
            if (old) {
                entry.getValue().open.ifPresent(DomainCounter::release);
                entry.getValue().closed.values().forEach(closed -> closed.counter.release());
                budget.giveBack(DOMAIN_WEIGHT);
            }
            return old;
        }));
    }

    /** Memory that may still be used, in bytes. */
    long bytesLeft() {
        return budget.left();
    }

    private int add(DomainCounts counts) {
        Entry entry = entries.get(counts.key());
        if (entry == null) {
            if (!roomForDomain(counts.key().day()) || !budget.take(DOMAIN_WEIGHT)) {
                return counts.policies().size();
            }
            entry = new Entry(ReportPeriod.first(counts.key()));
            entries.put(counts.key(), entry);
            domains.merge(counts.key().day(), 1, Integer::sum);
        }
        DomainCounter counter = entry.open.orElseGet(() -> new DomainCounter(limits, budget));
        int dropped = counter.merge(counts);
        entry.open = Optional.of(counter).filter(used -> !used.isEmpty());
        return dropped;
    }

    private boolean roomForDomain(LocalDate day) {
        return domains.getOrDefault(day, 0) < limits.domainsPerDay() && (domains.containsKey(day) || domains.size() < limits.days());
    }

    private Optional<Closed> held(Claim claim) {
        return Optional.ofNullable(entries.get(claim.tally().key()))
            .map(entry -> entry.closed.get(claim.tally().part().number()))
            .filter(closed -> closed.token.equals(claim.token()));
    }

    private <T> T alone(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    private static final class Entry {
        private ReportPeriod part;
        private Optional<DomainCounter> open = Optional.empty();
        private final SortedMap<Integer, Closed> closed = new TreeMap<>();

        Entry(ReportPeriod part) {
            this.part = part;
        }

        boolean isDue(Due due) {
            return open.isPresent() || closed.values().stream().anyMatch(each -> each.isDue(due));
        }

        Optional<Claim> claim(TallyKey key, Due due) {
            Optional<Closed> free = closed.values().stream().filter(each -> each.isDue(due)).findFirst();
            return free.or(() -> close(key, due.now())).map(each -> each.claim(due.now()));
        }

        private Optional<Closed> close(TallyKey key, Instant now) {
            return open.map(counter -> {
                Instant end = part.endAt(now, key);
                DomainCounts counts = counter.counts(key);
                Closed fresh = new Closed(counter,
                    new DomainTally(key, part, end, counts.sessions(), counts.failedSessions(), counts.policies()));
                closed.put(part.number(), fresh);
                part = part.next(end, key);
                open = Optional.empty();
                return fresh;
            });
        }
    }

    private static final class Closed {
        private final DomainCounter counter;
        private final DomainTally tally;
        private String token = "";
        private Expiry lease = Expiry.NONE;
        private Expiry pause = Expiry.NONE;
        private int tries;
        private boolean claimed;

        Closed(DomainCounter counter, DomainTally tally) {
            this.counter = counter;
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
