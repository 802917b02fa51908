package jamestls.mtasts.sts;

import jamestls.dns.Dns;
import jamestls.dns.DomainName;
import jamestls.mtasts.sts.PolicyFetcher.FetchResult;
import jamestls.mtasts.sts.UnreportedFetches.Cause;
import jamestls.net.SanitizedLogger;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Discovers, fetches, stores and refreshes the MTA-STS policies of domains. All methods may block, at most a little more than a minute,
 * and never throw for failures of network or store. The package description has the rules.
 */
public final class StsPolicies {

    /** The precision of {@code lastUsed}, so that a busy domain causes one write in that time and not one per mail. */
    private static final Duration USE_NOTED_EVERY = Duration.ofHours(1);

    /** The maximum of concurrent fetches for deliveries. A mail waits for a slot at most as long as a fetch may take. */
    private static final int MAX_FETCHES = 64;
    /** The maximum of concurrent refreshes in the background. */
    static final int MAX_REFRESHES = 32;
    private static final Duration REFRESH_PATIENCE = Duration.ofSeconds(5);
    /** No fetch was made, so there is nothing that would be reported of it beside a cached policy. */
    private static final FetchFailure NO_PLACE = new FetchFailure("", Instant.EPOCH, new Violation(ResultType.STS_POLICY_FETCH_ERROR,
        "too many policies are being fetched, or too many from this host"));
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(StsPolicies.class);

    private final Dns dns;
    private final PolicyFetcher fetcher;
    private final CachingPolicyStore store;
    private final RefreshSchedule schedule;
    private final StsWarnings alarms;
    private final Clock clock;
    private final FetchLease turn;
    private final FetchSlots fetches = new FetchSlots(MAX_FETCHES, PolicyFetcher.USUAL_DEADLINE);
    private final FetchSlots refreshes = new FetchSlots(MAX_REFRESHES, REFRESH_PATIENCE);
    private final FetchBackOff backOff = new FetchBackOff();
    private final UnreportedFetches unreported = new UnreportedFetches();
    private final SingleFlight<DomainName, StsLookup> flights = new SingleFlight<>();

    /** @param store the store, which may fail at any time; everything stored since the start is also kept in memory, within bounds */
    public StsPolicies(Dns dns, PolicyFetcher fetcher, PolicyStore store, RefreshSchedule schedule, StsWarnings alarms, Clock clock) {
        this.dns = dns;
        this.fetcher = fetcher;
        this.store = new CachingPolicyStore(store, clock);
        this.turn = new FetchLease(this.store, clock);
        this.schedule = schedule;
        this.alarms = alarms;
        this.clock = clock;
    }

    /**
     * The policy for a delivery. To be called once per delivery: the TXT record is looked up each time, so that a new policy applies from
     * the next delivery on (RFC 8461 §5.1).
     *
     * @param policyDomain the recipient domain or the smart host (RFC 8461 §3.4), never an address literal
     */
    public StsLookup lookup(DomainName policyDomain) {
        return switch (Discovery.of(policyDomain, dns)) {
            case Discovery.Published(String id) -> {
                long now = clock.millis();
                Optional<StoredPolicy> cached = store.findValid(policyDomain, now);
                if (cached.isPresent()) {
                    noteUse(cached.get(), now);
                    if (cached.get().isCurrent(id)) {
                        alarms.over(policyDomain);
                        yield found(cached.get(), Optional.empty());
                    }
                }
                yield lookupStale(policyDomain, id, cached);
            }
            case Discovery.Unpublished(String why) -> goByCached(policyDomain, why, Alarm.RAISE);
            case Discovery.Unknown(String why) -> goByCached(policyDomain, why, Alarm.NONE);
        };
    }

    /**
     * Begins what {@link #lookup} will need, and does not wait for it: the TXT record and, if that announces a policy which has to be
     * fetched, the address of the policy host.
     */
    public void prefetch(DomainName policyDomain) {
        if (!Discovery.prefetch(policyDomain, dns)) {
            return;
        }
        try {
            Thread.ofVirtual().name("sts-prefetch").start(() -> prefetchHost(policyDomain));
        } catch (OutOfMemoryError noThread) {
            LOGGER.debug("The policy host of {} is not looked up early", policyDomain, noThread);
        }
    }

    private void prefetchHost(DomainName policyDomain) {
        try {
            if (Discovery.of(policyDomain, dns) instanceof Discovery.Published(String id)
                && store.findValid(policyDomain, clock.millis()).filter(cached -> cached.isCurrent(id)).isEmpty()) {
                fetcher.host(policyDomain);
            }
        } catch (RuntimeException e) {
            LOGGER.debug("The policy host of {} was not looked up early", policyDomain, e);
        }
    }

    private StsLookup lookupStale(DomainName domain, String id, Optional<StoredPolicy> cached) {
        return withoutFetch(domain, id, cached, () -> store.findFailure(domain))
            .orElseGet(() -> flights.run(domain, () -> fetchUnlessDone(domain, id)));
    }

    /**
     * Fetches again after an enforce policy rejected every MX host, even under an unchanged id, because owners forget to change it. Not
     * within five minutes of the last fetch.
     *
     * @param rejected the policy that left no host
     * @return a policy that differs from {@code rejected} and applies now; empty if there is none
     */
    public Optional<StsPolicy> recheck(DomainName policyDomain, StsPolicy rejected) {
        StsLookup again = Discovery.of(policyDomain, dns) instanceof Discovery.Published(String id)
            ? flights.run(policyDomain, () -> fetchUnlessRecent(policyDomain, id))
            : goByCached(policyDomain, "no TXT record to recheck by", Alarm.NONE);
        return again instanceof StsLookup.Found found && !found.policy().equals(rejected)
            ? Optional.of(found.policy()) : Optional.empty();
    }

    /**
     * Fetches the policy of a domain at once, if it announces one, whatever is known of it and however recent the last fetch was: an
     * administrator has asked for it.
     */
    public void fetchNow(DomainName policyDomain) {
        if (Discovery.of(policyDomain, dns) instanceof Discovery.Published(String id)) {
            flights.run(policyDomain, () -> fetches.run(fetcher.host(policyDomain), () -> fetch(policyDomain, id, Cause.REFRESH))
                .orElseGet(() -> without(validAgain(policyDomain), NO_PLACE)));
        }
    }

    /** Policies to {@link #refresh} now, longest due first, at most {@code limit}. */
    List<StoredPolicy> due(int limit) {
        Instant now = now();
        return store.due(now, now.minus(schedule.usedWithin()), limit);
    }

    /**
     * Refreshes a policy in the background (RFC 8461 §10.2). After a failure of any kind the old one is kept and due again within an
     * hour.
     */
    void refresh(StoredPolicy due) {
        try {
            fetchDue(due.domain());
        } catch (RuntimeException | Error e) {
            LOGGER.error("Refreshing the MTA-STS policy of {} failed unexpectedly", due.domain(), e);
            keepAfterFetch(due, failure("", fetchError("broke off: " + e.getClass().getSimpleName()), List.of()), Cause.REFRESH);
        }
    }

    private void fetchDue(DomainName domain) {
        switch (Discovery.of(domain, dns)) {
            case Discovery.Published(String id) -> flights.run(domain, () -> fetchIfDue(domain, id));
            // RFC 8461 §3.1: nothing is fetched without a record
            case Discovery.Unpublished(String why) -> keepWithoutRecord(domain, why);
            case Discovery.Unknown(String why) -> keepWithoutRecord(domain, why);
        }
    }

    private void keepWithoutRecord(DomainName domain, String why) {
        store.findAgain(domain).ifPresent(cached -> keep(cached, failure("", fetchError(why), List.of())));
    }

    /** Removes expired policies, warns of lost enforce policies, writes what the store has missed, and reads what is new in it. */
    void removeExpired() {
        Instant now = now();
        // another server may have refreshed the policy
        alarms.unrefreshable().stream().map(StsWarnings.Unrefreshable::domain).filter(domain ->
            validAgain(domain).filter(stored -> stored.failure().isEmpty()).isPresent()).forEach(alarms::over);
        alarms.noticeExpired(now);
        settle();
        backOff.removeOver(now);
        store.removeExpired(now);
        store.readNews(now);
    }

    /** Writes what the store has missed; to be called before it is closed. */
    public void settle() {
        store.settle();
    }

    /** The stored policy of a domain, expired or not. Fetches and changes nothing. */
    public Optional<StoredPolicy> kept(DomainName domain) {
        return store.findAgain(domain);
    }

    /** The state of the store, for health checks and metrics. */
    public StoreHealth storeHealth() {
        return store.health();
    }

    private enum Alarm { RAISE, NONE }

    /** RFC 8461 §3.3: a policy that has not expired applies although no live one can be discovered. */
    private StsLookup goByCached(DomainName domain, String why, Alarm alarm) {
        Optional<StoredPolicy> cached = validAgain(domain);
        if (cached.isEmpty()) {
            return new StsLookup.NoPolicy(why);
        }
        noteUse(cached.get(), clock.millis());
        FetchFailure failure = failure("", fetchError(why), List.of());
        if (alarm == Alarm.RAISE) {
            alarms.cannotRefresh(cached.get(), failure.why(), now());
        }
        return found(cached.get(), Optional.of(failure));
    }

    /** The answer if no fetch is needed or allowed. */
    private Optional<StsLookup> withoutFetch(DomainName domain, String id, Optional<StoredPolicy> cached,
                                             Supplier<Optional<FetchFailure>> failure) {
        if (cached.isPresent() && cached.get().id().equals(id)) {
            Optional<FetchFailure> failed = cached.get().failure().filter(last -> last.id().equals(id));
            if (failed.isEmpty()) {
                alarms.over(cached.get().domain());
            }
            return Optional.of(found(cached.get(), failed));
        }
        return cached.flatMap(StoredPolicy::failure).or(failure).filter(last -> last.blocks(id, now()))
            .or(() -> backOff.blocking(domain, id, now()))
            .map(last -> without(cached, last));
    }

    // The next three run inside a flight. They look at the store again, because an earlier flight, or another server's, may have
    // done the work.

    private StsLookup fetchUnlessDone(DomainName domain, String id) {
        return fetches.run(fetcher.host(domain), () -> turn.take(domain, () -> done(domain, id), () -> fetch(domain, id, Cause.DELIVERY)))
            .orElseGet(() -> without(validAgain(domain), NO_PLACE));
    }

    private StsLookup fetchUnlessRecent(DomainName domain, String id) {
        return fetches.run(fetcher.host(domain), () -> turn.take(domain, () -> {
            Optional<StoredPolicy> cached = validAgain(domain).filter(stored -> stored.id().equals(id));
            boolean recent = cached.filter(stored -> wasChecked(stored, now())).isPresent();
            return recent || cached.isEmpty() ? done(domain, id) : Optional.empty();
        }, () -> fetch(domain, id, Cause.DELIVERY))).orElseGet(() -> without(validAgain(domain), NO_PLACE));
    }

    private StsLookup fetchIfDue(DomainName domain, String id) {
        return refreshes.run(fetcher.host(domain), () -> turn.take(domain, () -> {
            boolean due = validAgain(domain).filter(stored -> stored.isDueAt(clock.millis())).isPresent();
            return due ? Optional.empty() : done(domain, id);
        }, () -> fetch(domain, id, Cause.REFRESH))).orElseGet(() -> {
            // no slot was free: due again within an hour, which is no failure
            Instant now = now();
            validAgain(domain).ifPresent(stored -> store.save(stored.withRefreshAt(schedule.afterFailure(now))));
            return without(validAgain(domain), NO_PLACE);
        });
    }

    /** Whether it was checked within the last five minutes; a check in the future comes from a wrong clock. */
    private static boolean wasChecked(StoredPolicy stored, Instant now) {
        return now.isBefore(stored.lastChecked().plus(FetchBackOff.PAUSE))
            && !stored.lastChecked().isAfter(now.plus(StoredPolicy.MAX_SKEW));
    }

    private Optional<StsLookup> done(DomainName domain, String id) {
        return withoutFetch(domain, id, validAgain(domain), () -> store.findFailureAgain(domain));
    }

    private StsLookup fetch(DomainName domain, String id, Cause cause) {
        Optional<StoredPolicy> cached = validAgain(domain);
        return switch (fetcher.fetch(domain)) {
            case FetchResult.Fetched(StsPolicy policy) -> {
                Instant now = now();
                store.save(StoredPolicy.fetched(domain, id, policy, now, cached.map(StoredPolicy::lastUsed).orElse(now),
                    schedule.afterFetch(now, policy.maxAge())));
                backOff.forget(domain);
                alarms.over(domain);
                cached.filter(before -> weakens(before.policy(), policy)).ifPresent(before -> alarms.weakened(domain, policy.mode()));
                yield new StsLookup.Found(policy, Optional.empty(), policy.mode() == StsPolicy.Mode.NONE ? Optional.empty()
                    : unreported.find(domain));
            }
            case FetchResult.Failed(Violation problem, List<String> declared) -> {
                // beside a cached policy, that one is quoted
                FetchFailure failure = failure(id, problem, cached.isPresent() ? List.of() : declared);
                backOff.remember(domain, failure);
                cached.ifPresentOrElse(kept -> keepAfterFetch(kept, failure, cause), () -> store.saveFailure(domain, failure));
                yield without(cached, failure);
            }
        };
    }

    /** Stores the failure and keeps the policy (RFC 8461 §3.3). */
    private void keep(StoredPolicy cached, FetchFailure failure) {
        Instant now = now();
        store.save(cached.withFailure(failure, now, schedule.afterFailure(now)));
        alarms.cannotRefresh(cached, failure.why(), now);
    }

    /** The same, and the failure is to be reported (RFC 8461 §6). */
    private void keepAfterFetch(StoredPolicy cached, FetchFailure failure, Cause cause) {
        keep(cached, failure);
        if (cached.policy().mode() != StsPolicy.Mode.NONE) {
            unreported.add(cached.domain(), failure.problem(), cause);
        }
    }

    private FetchFailure failure(String id, Violation problem, List<String> declared) {
        return new FetchFailure(id, now().plus(FetchBackOff.PAUSE), problem, declared);
    }

    private StsLookup without(Optional<StoredPolicy> cached, FetchFailure failure) {
        return cached.map(kept -> found(kept, Optional.of(failure)))
            .orElseGet(() -> new StsLookup.Unusable(failure.problem(), failure.declared()));
    }

    /** In mode none a failed refresh is not reported (RFC 8461 §6). */
    private StsLookup found(StoredPolicy stored, Optional<FetchFailure> failure) {
        return stored.policy().mode() == StsPolicy.Mode.NONE ? new StsLookup.Found(stored.policy(), Optional.empty())
            : new StsLookup.Found(stored.policy(), failure.map(FetchFailure::why), unreported.find(stored.domain()));
    }

    private static boolean weakens(StsPolicy before, StsPolicy after) {
        return before.mode() == StsPolicy.Mode.ENFORCE && after.mode() != StsPolicy.Mode.ENFORCE;
    }

    private static Violation fetchError(String why) {
        return new Violation(ResultType.STS_POLICY_FETCH_ERROR, why);
    }

    private Optional<StoredPolicy> validAgain(DomainName domain) {
        return store.findAgain(domain).filter(stored -> stored.isValidAt(now()));
    }

    /** The time in the precision of the stores, so that stored values are equal. */
    private Instant now() {
        return Instant.ofEpochMilli(clock.millis());
    }

    private void noteUse(StoredPolicy stored, long now) {
        if (now - stored.lastUsed().toEpochMilli() > USE_NOTED_EVERY.toMillis()) {
            store.used(Map.of(stored.domain(), Instant.ofEpochMilli(now)));
        }
    }

    /**
     * The state of the store of policies, for health checks and metrics.
     *
     * @param outOfOrderSince the start of the outage; empty while the store works
     * @param why the error at the start of the outage; empty while the store works
     * @param unsaved the number of domains whose policy or failure is not stored yet
     */
    public record StoreHealth(Optional<Instant> outOfOrderSince, String why, int unsaved) {
    }
}
