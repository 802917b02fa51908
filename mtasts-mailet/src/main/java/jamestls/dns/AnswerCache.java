package jamestls.dns;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Caches the parsed answers of one record type for their TTL. Simultaneous look-ups of one name share one query, which runs on a
 * virtual thread of its own, so nothing blocks inside the cache.
 */
final class AnswerCache<T> {

    /** @param ttl how long it may be kept, in seconds */
    record Fresh<T>(DnsAnswer<T> answer, long ttl) {
    }

    /** @param at when it arrived, in nanoseconds on the cache's clock */
    record Kept<T>(DnsAnswer<T> answer, long ttl, long at) {
    }

    /** How long a prefetched answer waits to be asked for. */
    private static final Duration PREFETCHED = Duration.ofSeconds(2);
    private static final int MAX_PREFETCHED = 10_000;
    private static final int ENTRY_BYTES = 300;
    /** Names of at most 253 characters are part of MX and CNAME records. */
    private static final int RECORD_BYTES = 120;

    private final AsyncCache<DomainName, Kept<T>> answers;
    /** Prefetched answers that nobody has asked for yet. A TTL of 0 is for the transaction in progress (RFC 1035 §3.2.1), which will. */
    private final ConcurrentMap<DomainName, CompletableFuture<Kept<T>>> prefetched;
    private final LongSupplier nanoClock;
    private final Function<DomainName, Fresh<T>> flight;

    /**
     * @param maxBytes the approximate heap for all answers
     * @param flight looks up an answer that is not cached; may block
     */
    AnswerCache(long maxBytes, LongSupplier nanoClock, Function<DomainName, Fresh<T>> flight) {
        this.nanoClock = nanoClock;
        this.flight = flight;
        this.answers = Caffeine.newBuilder()
            .maximumWeight(maxBytes)
            .weigher((DomainName name, Kept<T> kept) -> ENTRY_BYTES + name.ascii().length() + bytes(kept.answer()))
            .ticker(nanoClock::getAsLong)
            .executor(Runnable::run)
            .expireAfter(Expiry.<DomainName, Kept<T>>creating((name, kept) -> Duration.ofSeconds(kept.ttl())))
            .buildAsync();
        this.prefetched = Caffeine.newBuilder().maximumSize(MAX_PREFETCHED).expireAfterWrite(PREFETCHED).ticker(nanoClock::getAsLong)
            .executor(Runnable::run).<DomainName, CompletableFuture<Kept<T>>>build().asMap();
    }

    /** The cached answer, the one being looked up, or a new one. */
    CompletableFuture<Kept<T>> get(DomainName name) {
        CompletableFuture<Kept<T>> early = prefetched.isEmpty() ? null : prefetched.remove(name);
        CompletableFuture<Kept<T>> present = present(name);
        return present != null ? present : early != null ? early : begun(name);
    }

    /** Begins a look-up for the next {@link #get}, unless its answer is cached or on its way; whether it did. */
    boolean prefetch(DomainName name) {
        if (present(name) != null || prefetched.containsKey(name)) {
            return false;
        }
        prefetched.put(name, begun(name));
        return true;
    }

    private CompletableFuture<Kept<T>> present(DomainName name) {
        CompletableFuture<Kept<T>> present = answers.getIfPresent(name);
        if (present == null || !isStale(present)) {
            return present;
        }
        answers.asMap().remove(name, present);
        return null;
    }

    private CompletableFuture<Kept<T>> begun(DomainName name) {
        return answers.get(name, (asked, housekeeping) ->
            CompletableFuture.supplyAsync(() -> arrived(flight.apply(asked)), Thread::startVirtualThread));
    }

    private Kept<T> arrived(Fresh<T> fresh) {
        return new Kept<>(fresh.answer(), fresh.ttl(), nanoClock.getAsLong());
    }

    /** Caffeine counts from the moment of insertion, which is later than the arrival; the TTL counts from the arrival. */
    private boolean isStale(CompletableFuture<Kept<T>> present) {
        if (present.state() != Future.State.SUCCESS) {
            return false;
        }
        Kept<T> kept = present.resultNow();
        return TimeUnit.NANOSECONDS.toSeconds(nanoClock.getAsLong() - kept.at()) >= kept.ttl();
    }

    /** The approximate heap of an answer: DNS text takes one byte per character. */
    private static int bytes(DnsAnswer<?> answer) {
        return switch (answer) {
            case DnsAnswer.Found<?> found -> found.records().stream().mapToInt(AnswerCache::bytes).sum();
            case DnsAnswer.Absent<?> absent -> 0;
            case DnsAnswer.Bogus<?> bogus -> bogus.reason().length();
            case DnsAnswer.Failed<?> failed -> failed.reason().length();
        };
    }

    private static int bytes(Object record) {
        return RECORD_BYTES + switch (record) {
            case String text -> text.length();
            case TlsaRecord tlsa -> tlsa.data().length;
            default -> 0;
        };
    }

    /** The approximate number of bytes in use. */
    long weight() {
        return answers.synchronous().policy().eviction().orElseThrow().weightedSize().orElseThrow();
    }
}
