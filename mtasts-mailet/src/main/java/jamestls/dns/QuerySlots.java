package jamestls.dns;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.xbill.DNS.Name;

/**
 * Bounds the outstanding queries and keeps slow zones from occupying all slots. One domain (the last two labels of a name) has at
 * most an eighth of the slots, and so have all zones together that recently gave no answer or a late failure. The authoritative
 * servers are not visible behind a resolver, so zones are told apart by name only.
 */
final class QuerySlots {

    private static final int SHARE = 8;
    private static final int DOMAIN_LABELS = 2;
    /** Longer than for a domain: below a public suffix of two labels (co.uk) one zone must not affect the others. */
    private static final int ZONE_LABELS = 3;
    private static final Duration MEMORY = Duration.ofMinutes(5);
    private static final int MAX_REMEMBERED = 10_000;

    private final Semaphore all;
    private final Semaphore slow;
    private final int perDomain;
    private final ConcurrentHashMap<Name, Domain> domains = new ConcurrentHashMap<>();
    private final Cache<Name, Boolean> slowZones;

    /** @param places the maximum of outstanding queries */
    QuerySlots(int places, LongSupplier nanoClock) {
        this.all = new Semaphore(places);
        this.perDomain = Math.max(1, places / SHARE);
        this.slow = new Semaphore(perDomain);
        this.slowZones = Caffeine.newBuilder().maximumSize(MAX_REMEMBERED).expireAfterWrite(MEMORY).ticker(nanoClock::getAsLong)
            .executor(Runnable::run).build();
    }

    /** The slots of one domain; in the map while a query holds or awaits one. */
    private static final class Domain {

        private final Semaphore places;
        private int users;

        Domain(int places) {
            this.places = new Semaphore(places);
        }
    }

    /** One slot, released by {@link #close}. */
    final class Slot implements AutoCloseable {

        private final Name domain;
        private final Domain ofDomain;
        private final boolean isSlow;

        private Slot(Name domain, Domain ofDomain, boolean isSlow) {
            this.domain = domain;
            this.ofDomain = ofDomain;
            this.isSlow = isSlow;
        }

        @Override
        public void close() {
            all.release();
            if (isSlow) {
                slow.release();
            }
            ofDomain.places.release();
            leave(domain);
        }
    }

    /**
     * Waits for a slot.
     *
     * @param deadline on {@link System#nanoTime}'s clock
     * @return empty if there was none in time
     */
    Optional<Slot> acquire(Name name, long deadline) throws InterruptedException {
        Name domain = last(DOMAIN_LABELS, name);
        Domain ofDomain = domains.compute(domain, (key, known) -> {
            Domain entered = known == null ? new Domain(perDomain) : known;
            entered.users++;
            return entered;
        });
        boolean isSlow = slowZones.getIfPresent(last(ZONE_LABELS, name)) != null;
        boolean hasDomain = false;
        boolean hasSlow = false;
        boolean hasAll = false;
        try {
            hasDomain = acquired(ofDomain.places, deadline);
            hasSlow = hasDomain && isSlow && acquired(slow, deadline);
            hasAll = hasDomain && (hasSlow || !isSlow) && acquired(all, deadline);
        } finally {
            if (!hasAll) {
                if (hasSlow) {
                    slow.release();
                }
                if (hasDomain) {
                    ofDomain.places.release();
                }
                leave(domain);
            }
        }
        return hasAll ? Optional.of(new Slot(domain, ofDomain, isSlow)) : Optional.empty();
    }

    /** Remembers how a question about {@code name} went. */
    void answered(Name name) {
        slowZones.invalidate(last(ZONE_LABELS, name));
    }

    /** As {@link #answered}, for one that had no answer, or a failure after a long time. */
    void unanswered(Name name) {
        slowZones.put(last(ZONE_LABELS, name), true);
    }

    private static boolean acquired(Semaphore places, long deadline) throws InterruptedException {
        return places.tryAcquire(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    private void leave(Name domain) {
        domains.computeIfPresent(domain, (key, known) -> --known.users == 0 ? null : known);
    }

    /** The root label counts as a label in dnsjava. */
    private static Name last(int labels, Name name) {
        return name.labels() > labels + 1 ? new Name(name, name.labels() - labels - 1) : name;
    }
}
