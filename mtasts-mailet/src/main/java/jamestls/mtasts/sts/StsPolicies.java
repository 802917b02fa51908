package jamestls.mtasts.sts;

import jamestls.dns.Dns;
import jamestls.dns.DomainName;
import jamestls.mtasts.sts.PolicyFetcher.FetchResult;
import jamestls.mtasts.sts.UnreportedFetches.Cause;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows the MTA-STS policy of every domain: discovers, fetches, keeps and refreshes. All methods block, for a little more
 * than a minute at worst, and never throw for what network or store do. The rules are told in the package's description.
 */
public final class StsPolicies {

    /** How exact {@code lastUsed} is: a busy domain writes to the store once in that time, not once per mail. */
    private static final Duration USE_NOTED_EVERY = Duration.ofHours(1);

    /** At a time for deliveries; a mail waits no longer for a place than for the slowest policy host. */
    private static final int MAX_FETCHES = 64;
    /** At a time in the background. */
    static final int MAX_REFRESHES = 32;
    private static final Duration REFRESH_PATIENCE = Duration.ofSeconds(5);
    /** No fetch was made, so there is nothing that would be reported of it beside a cached policy. */
    private static final FetchFailure NO_PLACE = new FetchFailure("", Instant.EPOCH, new Violation(ResultType.STS_POLICY_FETCH_ERROR,
        "too many policies are being fetched, or too many from this host"));
    private static final Logger LOGGER = LoggerFactory.getLogger(StsPolicies.class);

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

    /** @param store may fail at any time; all it was asked to keep since the start is kept in memory, too, within bounds */
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
     * The policy for a delivery that starts now. To be asked once per delivery: the TXT record is looked up each time, so that
     * a new policy counts from the next delivery on (RFC 8461 §5.1).
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

    private StsLookup lookupStale(DomainName domain, String id, Optional<StoredPolicy> cached) {
        return withoutFetch(domain, id, cached, () -> store.findFailure(domain))
            .orElseGet(() -> flights.run(domain, () -> fetchUnlessDone(domain, id)));
    }

    /**
     * Looks again after an enforce policy rejected every MX host: the owner may have moved the MX and forgotten to change the
     * id. Fetches even if the id is unchanged, but not within five minutes of the last fetch.
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
     * Fetches a policy before anybody needs it (RFC 8461 §10.2). Keeps the old one if that fails, whatever the failure is: it is due
     * again within the hour, and never stands in the way of others.
     */
    void refresh(StoredPolicy due) {
        try {
            fetchDue(due.domain());
        } catch (RuntimeException | Error e) {
            LOGGER.error("Refreshing the MTA-STS policy of {} broke off", due.domain(), e);
            keepAfterFetch(due, failure("", fetchError("broke off: " + e.getClass().getSimpleName()), List.of()), Cause.REFRESH);
        }
    }

    private void fetchDue(DomainName domain) {
        switch (Discovery.of(domain, dns)) {
            case Discovery.Published(String id) -> flights.run(domain, () -> fetchIfDue(domain, id));
            // RFC 8461 §3.1: without a record the rest of discovery is skipped, so there is nothing to fetch
            case Discovery.Unpublished(String why) -> keepWithoutRecord(domain, why);
            case Discovery.Unknown(String why) -> keepWithoutRecord(domain, why);
        }
    }

    private void keepWithoutRecord(DomainName domain, String why) {
        store.findAgain(domain).ifPresent(cached -> keep(cached, failure("", fetchError(why), List.of())));
    }

    /** Forgets what has expired, says so where it matters, and writes what the store does not have yet. */
    void removeExpired() {
        Instant now = now();
        // another server may have refreshed what this one could not
        alarms.unrefreshable().stream().map(StsWarnings.Unrefreshable::domain).filter(domain ->
            validAgain(domain).filter(stored -> stored.failure().isEmpty()).isPresent()).forEach(alarms::over);
        alarms.noticeExpired(now);
        settle();
        backOff.removeOver(now);
        store.removeExpired(now);
    }

    /** Writes what the store does not have yet: before it is closed. */
    public void settle() {
        store.settle();
    }

    /** The policy that memory or store have of that domain, expired or not; nothing is fetched or noted. */
    public Optional<StoredPolicy> kept(DomainName domain) {
        return store.findAgain(domain);
    }

    /** For health checks and metrics. */
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
        if (alarm == Alarm.RAISE) {
            alarms.cannotRefresh(cached.get(), fetchError(why), now());
        }
        return found(cached.get(), Optional.of(fetchError(why)));
    }

    /** The answer if there is no need, or no permission, to fetch. */
    private Optional<StsLookup> withoutFetch(DomainName domain, String id, Optional<StoredPolicy> cached,
                                             Supplier<Optional<FetchFailure>> failure) {
        if (cached.isPresent() && cached.get().id().equals(id)) {
            Optional<Violation> problem = cached.get().failure().filter(last -> last.id().equals(id)).map(FetchFailure::problem);
            if (problem.isEmpty()) {
                alarms.over(cached.get().domain());
            }
            return Optional.of(found(cached.get(), problem));
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
            // others have their turn first: this one is due again within the hour, and nothing has failed
            Instant now = now();
            validAgain(domain).ifPresent(stored -> store.save(stored.withRefreshAt(schedule.afterFailure(now))));
            return without(validAgain(domain), NO_PLACE);
        });
    }

    /** Within the last five minutes; a check in the future was noted by a wrong clock. */
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

    /** RFC 8461 §3.3: what failed is noted, the policy stays. */
    private void keep(StoredPolicy cached, FetchFailure failure) {
        Instant now = now();
        store.save(cached.withFailure(failure, now, schedule.afterFailure(now)));
        alarms.cannotRefresh(cached, failure.problem(), now);
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
        return cached.map(kept -> found(kept, Optional.of(failure.problem())))
            .orElseGet(() -> new StsLookup.Unusable(failure.problem(), failure.declared()));
    }

    /** RFC 8461 §6: in mode none a failing refresh is nobody's concern. */
    private StsLookup found(StoredPolicy stored, Optional<Violation> problem) {
        return stored.policy().mode() == StsPolicy.Mode.NONE ? new StsLookup.Found(stored.policy(), Optional.empty())
            : new StsLookup.Found(stored.policy(), problem, unreported.find(stored.domain()));
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

    /** As exact as stores keep it, so that what comes back from there is equal. */
    private Instant now() {
        return Instant.ofEpochMilli(clock.millis());
    }

    private void noteUse(StoredPolicy stored, long now) {
        if (now - stored.lastUsed().toEpochMilli() > USE_NOTED_EVERY.toMillis()) {
            store.used(Map.of(stored.domain(), Instant.ofEpochMilli(now)));
        }
    }

    /**
     * How the store of policies does, for health checks and metrics.
     *
     * @param outOfOrderSince empty while it works
     * @param why what it said when that began; empty while it works
     * @param unsaved domains whose policy or failure is kept in memory until the store takes it
     */
    public record StoreHealth(Optional<Instant> outOfOrderSince, String why, int unsaved) {
    }
}
