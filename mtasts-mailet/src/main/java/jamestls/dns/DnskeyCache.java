package jamestls.dns;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import jamestls.dns.DnssecResolver.Reply;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
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
 * Caches DS and DNSKEY answers before validation: the validator starts at the trust anchor for every zone, and would query the root's
 * keys once per zone. Simultaneous look-ups share one query. An answer is kept for its TTL, at most 15 minutes, and dropped when
 * anything below it is bogus, because it may be the cause.
 */
final class DnskeyCache {

    private static final long MAX = 900;
    private static final int MAX_KEYS = 64;
    private static final int BYTES_PER_ENTRY = 2_048;
    /** The approximate heap of a parsed message: a constant, and a factor for each octet on the wire. */
    private static final int MESSAGE_BYTES = 1_000;
    private static final int BYTES_PER_OCTET = 4;
    private static final int MAX_PARENTS = 2_000;
    /** The last delegations below a zone by which it is judged, one bit for each. */
    private static final int REMEMBERED = 0xff;

    private record Question(Name name, int type) {
    }

    /** Whether a zone is signed, by its parent's DS records; not validated. */
    enum Delegation { SIGNED, UNSIGNED, UNKNOWN }

    private final AsyncCache<Question, Reply> answers;
    private final AtomicBoolean hasKeyTagCollision = new AtomicBoolean();
    /** For each zone the last delegations below it: a bit is set for a signed one. */
    private final Cache<Name, Integer> delegations = Caffeine.newBuilder().executor(Runnable::run).maximumSize(MAX_PARENTS).build();

    DnskeyCache(int entries, LongSupplier nanoClock) {
        this.answers = Caffeine.newBuilder()
            .maximumWeight((long) entries * BYTES_PER_ENTRY)
            .weigher((Question question, Reply reply) -> reply instanceof Reply.Answered answered
                ? MESSAGE_BYTES + BYTES_PER_OCTET * answered.message().numBytes() : MESSAGE_BYTES)
            .ticker(nanoClock::getAsLong)
            .executor(Thread::startVirtualThread)
            .expireAfter(Expiry.<Question, Reply>creating((question, reply) -> Duration.ofSeconds(ttl(reply))))
            .buildAsync();
    }

    /** The cached answer, the one being looked up, or the result of {@code flight}; failures are not cached. */
    CompletableFuture<Reply> get(Name name, int type, Supplier<Reply> flight) {
        return answers.get(new Question(name, type), (question, executor) ->
            CompletableFuture.supplyAsync(() -> counted(question, bounded(flight.get())), executor));
    }

    /** What is known of a zone now. */
    Delegation delegation(Name zone) {
        CompletableFuture<Reply> answer = answers.getIfPresent(new Question(zone, Type.DS));
        return answer == null || answer.state() != Future.State.SUCCESS ? Delegation.UNKNOWN : delegation(zone, answer.resultNow());
    }

    /** The same of an answer for its DS records. */
    static Delegation delegation(Name zone, Reply reply) {
        if (!(reply instanceof Reply.Answered answered)) {
            return Delegation.UNKNOWN;
        }
        return answered.message().getSection(Section.ANSWER).stream()
            .anyMatch(record -> record.getType() == Type.DS && record.getName().equals(zone)) ? Delegation.SIGNED : Delegation.UNSIGNED;
    }

    /** Whether most of the last eight zones looked up directly below {@code parent} are signed. */
    boolean areMostSignedBelow(Name parent) {
        Integer last = delegations.getIfPresent(parent);
        return last != null && Integer.bitCount(last & REMEMBERED) > Integer.bitCount(REMEMBERED) / 2;
    }

    private Reply counted(Question question, Reply reply) {
        Delegation found = question.type() == Type.DS ? delegation(question.name(), reply) : Delegation.UNKNOWN;
        if (found != Delegation.UNKNOWN && question.name().labels() > 1) {
            delegations.asMap().merge(new Name(question.name(), 1), found == Delegation.SIGNED ? 1 : 0, (before, now) -> before << 1 | now);
        }
        return reply;
    }

    /** Removes the answers for {@code name} and all names above it. */
    void forget(Name name) {
        for (int labels = 0; labels < name.labels(); labels++) {
            Name above = new Name(name, labels);
            answers.synchronous().invalidateAll(List.of(new Question(above, Type.DS), new Question(above, Type.DNSKEY)));
        }
    }

    /** Whether any zone was seen with two keys of one tag and algorithm. */
    boolean hasKeyTagCollision() {
        return hasKeyTagCollision.get();
    }

    private Reply bounded(Reply reply) {
        if (!(reply instanceof Reply.Answered answered)) {
            return reply;
        }
        List<DNSKEYRecord> keys = answered.message().getSection(Section.ANSWER).stream()
            .filter(DNSKEYRecord.class::isInstance).map(DNSKEYRecord.class::cast).toList();
        if (keys.size() > MAX_KEYS) {
            return new Reply.Failed(keys.size() + " DNSKEY records, more than " + MAX_KEYS);
        }
        Set<Integer> tags = new HashSet<>();
        if (!keys.stream().allMatch(key -> tags.add(key.getFootprint() << Byte.SIZE | key.getAlgorithm()))) {
            hasKeyTagCollision.set(true);
        }
        return reply;
    }

    private static long ttl(Reply reply) {
        if (!(reply instanceof Reply.Answered answered)) {
            return 0;
        }
        Message message = answered.message();
        long shortest = MAX;
        for (int section : new int[] {Section.ANSWER, Section.AUTHORITY}) {
            shortest = Math.min(shortest, message.getSection(section).stream().mapToLong(Record::getTTL).min().orElse(MAX));
        }
        return shortest;
    }
}
