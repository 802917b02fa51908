package jamestls.mtasts.sts;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jamestls.dns.DomainName;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The failed fetches of the last five minutes, so that not every mail makes another one (RFC 8461 §3.3: not within five minutes for
 * the same id). A record whose id changes all the time gets a few fetches in that time, not one for each mail. Bounded; a failure
 * forgotten for want of room costs one more fetch.
 */
final class FetchBackOff {

    static final Duration PAUSE = Duration.ofMinutes(5);
    /** After so many different ids have failed the domain has to wait, whatever its id is. */
    static final int MAX_IDS = 4;
    /** In bytes, roughly: 100,000 failures without a text to quote. */
    private static final long MAX_WEIGHT = 50_000_000;
    private static final int FAILURE_WEIGHT = 500;

    private final Cache<DomainName, List<FetchFailure>> failures = Caffeine.newBuilder().executor(Runnable::run).maximumWeight(MAX_WEIGHT)
        .<DomainName, List<FetchFailure>>weigher((domain, known) -> known.stream().mapToInt(FetchBackOff::weight).sum()).build();

    private static int weight(FetchFailure failure) {
        return FAILURE_WEIGHT + failure.declared().stream().mapToInt(line -> 60 + 2 * line.length()).sum();
    }

    /** The last one comes first; of each id the last one is kept. */
    void remember(DomainName domain, FetchFailure failure) {
        failures.asMap().merge(domain, List.of(failure), (known, fresh) -> {
            List<FetchFailure> all = new ArrayList<>(fresh);
            known.stream().filter(each -> !each.id().equals(failure.id())).limit(MAX_IDS - 1L).forEach(all::add);
            return List.copyOf(all);
        });
    }

    void forget(DomainName domain) {
        failures.invalidate(domain);
    }

    /** The last one. */
    Optional<FetchFailure> find(DomainName domain) {
        return Optional.ofNullable(failures.getIfPresent(domain)).map(List::getFirst);
    }

    /** The one for which that id must not be fetched now. */
    Optional<FetchFailure> blocking(DomainName domain, String id, Instant now) {
        List<FetchFailure> known = failures.getIfPresent(domain);
        if (known == null) {
            return Optional.empty();
        }
        List<FetchFailure> recent = known.stream().filter(each -> each.isRecent(now)).toList();
        return recent.stream().filter(each -> each.id().equals(id)).findFirst()
            .or(() -> recent.size() == MAX_IDS ? Optional.of(recent.getFirst()) : Optional.empty());
    }

    void removeOver(Instant now) {
        failures.asMap().values().removeIf(known -> known.stream().noneMatch(each -> each.isRecent(now)));
    }
}
