package jamestls.tlsrpt.store;

import jamestls.mtasts.dns.DomainName;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Counters in memory: a restart loses them. A domain's counter is only touched inside {@code compute} of its own entry,
 * with a few map operations and no I/O, so deliveries to different domains do not wait for each other.
 */
public final class MemoryTallyStore implements TallyStore {

    private static final int DOMAIN_WEIGHT = 400;

    private final TallyLimits limits;
    private final ByteBudget budget;
    private final Map<LocalDate, ConcurrentHashMap<DomainName, Entry>> days = new ConcurrentHashMap<>();

    public MemoryTallyStore(TallyLimits limits) {
        this.limits = limits;
        this.budget = new ByteBudget(limits.bytes());
    }

    @Override
    public int add(List<CountedSession> sessions) {
        int dropped = 0;
        for (CountedSession session : sessions) {
            dropped += add(session) ? 0 : 1;
        }
        return dropped;
    }

    @Override
    public List<TallyKey> present() {
        return days.entrySet().stream()
            .flatMap(day -> day.getValue().entrySet().stream()
                .filter(entry -> entry.getValue().counter().isPresent())
                .map(entry -> new TallyKey(day.getKey(), entry.getKey())))
            .toList();
    }

    @Override
    public Optional<DomainTally> claim(TallyKey key, Instant now) {
        DomainTally[] claimed = {null};
        domains(key).ifPresent(domains -> domains.computeIfPresent(key.domain(), (name, entry) -> {
            if (entry.counter().isEmpty()) {
                return entry;
            }
            DomainCounter counter = entry.counter().get();
            Instant end = entry.part().endAt(now, key);
            claimed[0] = counter.snapshot(key, entry.part(), end);
            counter.release();
            return new Entry(entry.part().next(end, key), Optional.empty());
        }));
        return Optional.ofNullable(claimed[0]);
    }

    @Override
    public void putBack(DomainTally tally) {
        domains(tally.key()).ifPresent(domains -> domains.computeIfPresent(tally.key().domain(), (name, entry) -> {
            DomainCounter counter = new DomainCounter(limits, budget);
            counter.merge(tally);
            entry.counter().ifPresent(meanwhile -> {
                meanwhile.release();
                counter.merge(meanwhile.snapshot(tally.key(), entry.part(), tally.end()));
            });
            return counter.isEmpty() ? entry : new Entry(reopened(tally.part(), entry.part()), Optional.of(counter));
        }));
    }

    @Override
    public void forget(LocalDate firstKept) {
        days.keySet().stream().filter(day -> day.isBefore(firstKept)).toList().forEach(this::forgetDay);
    }

    /** Memory that may still be used, in bytes. */
    long bytesLeft() {
        return budget.left();
    }

    /** The part put back is open again, unless a later one was reported already: then its number is burnt and it joins the open one. */
    private static Part reopened(Part back, Part open) {
        return open.number() == back.number() + 1 ? back : new Part(open.number(), back.start());
    }

    private boolean add(CountedSession session) {
        Optional<ConcurrentHashMap<DomainName, Entry>> domains = domainsOfNewOrKnown(session.key().day());
        if (domains.isEmpty()) {
            return false;
        }
        int[] dropped = {session.policies().size()};
        domains.get().compute(session.key().domain(), (name, known) -> {
            if (known == null && !roomForDomain(domains.get())) {
                return null;
            }
            Entry entry = known == null ? new Entry(Part.first(session.key()), Optional.empty()) : known;
            DomainCounter counter = entry.counter().orElseGet(() -> new DomainCounter(limits, budget));
            dropped[0] = counter.add(session);
            return counter.isEmpty() ? entry : new Entry(entry.part(), Optional.of(counter));
        });
        return dropped[0] == 0;
    }

    private boolean roomForDomain(ConcurrentHashMap<DomainName, Entry> domains) {
        return domains.mappingCount() < limits.domainsPerDay() && budget.take(DOMAIN_WEIGHT);
    }

    private Optional<ConcurrentHashMap<DomainName, Entry>> domainsOfNewOrKnown(LocalDate day) {
        ConcurrentHashMap<DomainName, Entry> known = days.get(day);
        if (known == null && days.size() >= limits.days()) {
            return Optional.empty();
        }
        return Optional.of(known == null ? days.computeIfAbsent(day, fresh -> new ConcurrentHashMap<>()) : known);
    }

    private Optional<ConcurrentHashMap<DomainName, Entry>> domains(TallyKey key) {
        return Optional.ofNullable(days.get(key.day()));
    }

    private void forgetDay(LocalDate day) {
        ConcurrentHashMap<DomainName, Entry> domains = days.remove(day);
        if (domains != null) {
            domains.keySet().forEach(domain -> domains.computeIfPresent(domain, (name, entry) -> {
                entry.counter().ifPresent(DomainCounter::release);
                budget.giveBack(DOMAIN_WEIGHT);
                return null;
            }));
        }
    }

    /**
     * @param part the one that is open, or will be with the next session
     * @param counter empty while there is nothing to report
     */
    private record Entry(Part part, Optional<DomainCounter> counter) {
    }
}
