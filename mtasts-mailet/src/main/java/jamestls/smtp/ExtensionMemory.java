package jamestls.smtp;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;

/**
 * Extensions that failed although the server lists them, by server address, for a day. Sessions with that server do not use them;
 * otherwise each attempt would fail the same way.
 */
final class ExtensionMemory {

    private static final Duration MEMORY = Duration.ofDays(1);
    private static final int MAX_ADDRESSES = 10_000;

    private final Cache<InetAddress, Set<String>> failed = Caffeine.newBuilder().maximumSize(MAX_ADDRESSES).expireAfterWrite(MEMORY)
        .executor(Thread::startVirtualThread).build();

    /** What the server offers, without what failed there. */
    Capabilities mastered(InetAddress server, Capabilities offered) {
        Capabilities mastered = offered;
        Set<String> keywords = failed.getIfPresent(server);
        for (String keyword : keywords == null ? Set.<String>of() : keywords) {
            mastered = mastered.without(keyword);
        }
        return mastered;
    }

    /** Whether the keyword failed there. */
    boolean hasFailed(InetAddress server, String keyword) {
        Set<String> keywords = failed.getIfPresent(server);
        return keywords != null && keywords.contains(keyword);
    }

    /** Forgets that the keyword failed there: it fails without it, too. */
    void cleared(InetAddress server, String keyword) {
        failed.asMap().computeIfPresent(server, (key, before) -> {
            Set<String> rest = new TreeSet<>(before);
            rest.remove(keyword);
            return rest.isEmpty() ? null : Set.copyOf(rest);
        });
    }

    /** @param keyword in upper case, as in the EHLO reply, or {@link Transaction#ACROSS_MAILS} */
    void failed(InetAddress server, String keyword) {
        failed.asMap().merge(server, Set.of(keyword), (before, added) -> {
            Set<String> both = new TreeSet<>(before);
            both.addAll(added);
            return Set.copyOf(both);
        });
    }
}
