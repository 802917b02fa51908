package jamestls.mtasts.dns;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * DS and DNSKEY answers as they came, not validated: the validator walks down from the anchor for every zone it meets, and
 * so would ask for the root's keys a thousand times for a thousand zones. Each is on its way only once, is kept for its
 * TTL but a quarter of an hour at most, and is dropped as soon as anything below it turns out bogus, for then it may be the
 * part that is wrong.
 */
final class KeyShelf {

    private static final long LONGEST = 900;
    private static final int MOST_KEYS = 64;

    private record Question(Name name, int type) {
    }

    private final AsyncCache<Question, Message> answers;
    private final AtomicBoolean sawTwins = new AtomicBoolean();

    KeyShelf(int entries, LongSupplier nanoClock) {
        this.answers = Caffeine.newBuilder()
            .maximumSize(entries)
            .ticker(nanoClock::getAsLong)
            .executor(Thread::startVirtualThread)
            .expireAfter(Expiry.<Question, Message>creating((question, message) -> Duration.ofSeconds(ttl(message))))
            .buildAsync();
    }

    /** The answer kept, the one on its way, or the one that {@code flight} brings; an exception is not kept. */
    CompletableFuture<Message> get(Name name, int type, Supplier<Message> flight) {
        return answers.get(new Question(name, type), (question, executor) ->
            CompletableFuture.supplyAsync(() -> bounded(flight.get()), executor));
    }

    /** Drops what is kept for {@code name} and all names above it. */
    void forget(Name name) {
        for (int labels = 0; labels < name.labels(); labels++) {
            Name above = new Name(name, labels);
            answers.synchronous().invalidateAll(List.of(new Question(above, Type.DS), new Question(above, Type.DNSKEY)));
        }
    }

    /** Whether any zone was seen with two keys of one tag and algorithm. */
    boolean sawTwins() {
        return sawTwins.get();
    }

    private Message bounded(Message message) {
        List<DNSKEYRecord> keys = message.getSection(Section.ANSWER).stream()
            .filter(DNSKEYRecord.class::isInstance).map(DNSKEYRecord.class::cast).toList();
        if (keys.size() > MOST_KEYS) {
            throw new ValidatorFeed.Unanswered(keys.size() + " DNSKEY records of " + message.getQuestion().getName().toString(true)
                + ", more than " + MOST_KEYS);
        }
        Set<Integer> tags = new HashSet<>();
        if (!keys.stream().allMatch(key -> tags.add(key.getFootprint() << Byte.SIZE | key.getAlgorithm()))) {
            sawTwins.set(true);
        }
        return message;
    }

    private static long ttl(Message message) {
        long shortest = LONGEST;
        for (int section : new int[] {Section.ANSWER, Section.AUTHORITY}) {
            shortest = Math.min(shortest, message.getSection(section).stream().mapToLong(Record::getTTL).min().orElse(LONGEST));
        }
        return shortest;
    }
}
