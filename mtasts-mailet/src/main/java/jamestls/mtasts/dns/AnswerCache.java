package jamestls.mtasts.dns;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Keeps answers, read and judged, for as long as they may be kept, and makes sure that a question is on its way only once however many
 * ask it at the same time. Each flight has a virtual thread of its own, so nothing blocks inside the cache.
 */
final class AnswerCache {

    /** @param type of records, and with it of the answer */
    record Question(DomainName name, int type) {
    }

    /** @param ttl how long it may be kept, in seconds */
    record Fresh(DnsAnswer<?> answer, long ttl) {
    }

    /** @param at when it arrived, in nanoseconds on the cache's clock */
    record Kept(DnsAnswer<?> answer, long ttl, long at) {
    }

    private final AsyncCache<Question, Kept> answers;
    private final LongSupplier nanoClock;

    AnswerCache(int entries, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.answers = Caffeine.newBuilder()
            .maximumSize(entries)
            .ticker(nanoClock::getAsLong)
            .executor(Thread::startVirtualThread)
            .expireAfter(Expiry.<Question, Kept>creating((question, kept) -> Duration.ofSeconds(kept.ttl())))
            .buildAsync();
    }

    /** The answer kept, the one on its way, or the one that {@code flight} brings. */
    CompletableFuture<Kept> get(Question question, Function<Question, Fresh> flight) {
        // the cache dates an answer when it files it, a moment after it came; ours is the date that counts
        CompletableFuture<Kept> present = answers.getIfPresent(question);
        if (present != null) {
            if (!isStale(present)) {
                return present;
            }
            answers.asMap().remove(question, present);
        }
        return answers.get(question, (asked, executor) ->
            CompletableFuture.supplyAsync(() -> arrived(flight.apply(asked)), executor));
    }

    private Kept arrived(Fresh fresh) {
        return new Kept(fresh.answer(), fresh.ttl(), nanoClock.getAsLong());
    }

    private boolean isStale(CompletableFuture<Kept> present) {
        return present.state() == Future.State.SUCCESS && secondsLeft(present.resultNow()) == 0;
    }

    /** What is left of the TTL, in seconds. */
    private long secondsLeft(Kept kept) {
        long age = TimeUnit.NANOSECONDS.toSeconds(nanoClock.getAsLong() - kept.at());
        return Math.max(0, kept.ttl() - age);
    }
}
