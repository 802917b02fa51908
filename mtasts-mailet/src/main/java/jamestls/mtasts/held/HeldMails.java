package jamestls.mtasts.held;

import jamestls.dns.DomainName;
import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.held.HeldMail.Key;
import jamestls.mtasts.held.HeldMail.Why;
import jamestls.mtasts.held.HeldStore.Change;
import jamestls.net.SanitizedLogger;
import jamestls.storage.StorageOutage;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * The list of mails of one queue that wait for another attempt. Deliveries only change memory and never wait; one thread writes the changes
 * into the database once a second, in groups, and repeats this while the database fails. A row expires one retry interval after the mail
 * is due, because a mail may be removed from the queue by other means. Thread-safe.
 */
public final class HeldMails implements AutoCloseable {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(HeldMails.class);
    /** The bound of listed mails. */
    static final int MAX_MAILS = 100_000;
    /** A mail that waits for this server's own limits is listed after this time. */
    public static final Duration MIN_WAIT_AT_LIMIT = Duration.ofMinutes(1);
    private static final Duration MIN_GRACE = Duration.ofMinutes(10);
    private static final Duration MAX_GRACE = Duration.ofDays(1);
    private static final int MAX_IN_TRANSACTION = 500;
    private static final Duration WRITE_EVERY = Duration.ofSeconds(1);
    private static final long LOOK_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long SWEEP_EVERY_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final long REST_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int MAX_SENTENCES = 10_000;
    private static final int MAX_WOULD = 10_000;

    private final String queue;
    private final String server;
    private final Optional<HeldStore> store;
    private final Clock clock;
    private final RetryRequests requests;
    private final Map<Key, Row> rows = new ConcurrentHashMap<>();
    private final Map<Key, Change> unwritten = new ConcurrentHashMap<>();
    /** The last sentence of each domain: equal ones share one object. */
    private final Map<String, Why> sentences = new ConcurrentHashMap<>();
    private final Map<Would, HeldGroup> would = new ConcurrentHashMap<>();
    private final Map<String, Instant> busySince = new HashMap<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile Supplier<Map<String, Integer>> waitingForPlace = Map::of;
    private volatile boolean isOverflowing;
    private boolean isOutOfOrder;
    private Thread writer;

    private record Row(HeldMail mail, Instant expires) {
    }

    private record Would(String domain, Cause cause) {
    }

    /**
     * Creates a list that does nothing until {@link #start}.
     *
     * @param queue the name of James's queue
     * @param server the name of this server, the same after a restart
     * @param store empty to keep the list in memory
     */
    public HeldMails(String queue, String server, Optional<HeldStore> store, Clock clock) {
        this.queue = queue;
        this.server = server + " " + queue;
        this.store = store;
        this.clock = clock;
        this.requests = new RetryRequests(store, clock);
    }

    /**
     * Starts the writing thread. To be called once.
     *
     * @param waiting the number of mails taken from the queue that wait for a permit, by recipient domain
     */
    public void start(Supplier<Map<String, Integer>> waiting) {
        waitingForPlace = waiting;
        writer = Thread.ofVirtual().name("held-mails").start(this::untilClosed);
    }

    public RetryRequests requests() {
        return requests;
    }

    /** The key of a mail of this queue. */
    public String item(String mail) {
        return Key.item(queue, mail);
    }

    /**
     * Lists a waiting mail, or refreshes its rows.
     *
     * @param item the {@link #item} of its name
     * @param domains the domains of the recipients that wait, and why
     * @param since the time of the first failure
     * @param nextTry the time at which it is due
     */
    public void waits(String item, Map<String, Why> domains, Instant since, Instant nextTry) {
        Instant now = clock.instant();
        Duration pause = Duration.between(now, nextTry);
        Duration grace = pause.compareTo(MIN_GRACE) < 0 ? MIN_GRACE : pause.compareTo(MAX_GRACE) > 0 ? MAX_GRACE : pause;
        domains.forEach((domain, why) -> put(new HeldMail(new Key(item, domain), since, nextTry, shared(domain, why), 1), now,
            nextTry.plus(grace)));
    }

    /** Lists a mail that waits for this server's own limits. Such mails return often, so a row that is fresh stays as it is. */
    public void waitsAtLimit(String item, String domain, Why why, Instant since, Instant nextTry) {
        Instant now = clock.instant();
        Key key = new Key(item, domain);
        Row known = rows.get(key);
        boolean fresh = known != null && known.mail().why().cause() == Cause.LIMIT
            && known.expires().isAfter(now.plus(MIN_GRACE.dividedBy(2)));
        if (!fresh) {
            put(new HeldMail(key, since, nextTry, shared(domain, why), 1), now, nextTry.plus(MIN_GRACE));
        }
    }

    /** Removes a mail that no longer waits for recipients in these domains. */
    public void ended(String item, Collection<String> domains) {
        domains.forEach(domain -> remove(new Key(item, domain)));
    }

    /** Counts a delivered mail that would be held if policies were enforced. */
    public void wouldWait(String domain, Why why) {
        Instant now = clock.instant();
        Would key = new Would(domain, why.cause());
        if (would.size() < MAX_WOULD || would.containsKey(key)) {
            would.merge(key, new HeldGroup(domain, 1, now, now, shared(domain, why)),
                (old, one) -> new HeldGroup(domain, old.mails() + 1, old.since(), now, one.why()));
        }
    }

    /**
     * Publishes a gauge for each cause.
     *
     * @param gauges takes its name and its value
     */
    public void publish(BiConsumer<String, Supplier<Integer>> gauges) {
        for (Cause cause : Cause.values()) {
            String word = cause.wireName();
            gauges.accept("mtastsHeld" + word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1), () -> count(cause));
        }
    }

    /** The number of mails of this queue and server that wait for that cause. */
    public int count(Cause cause) {
        return rows.values().stream().filter(row -> row.mail().why().cause() == cause).mapToInt(row -> row.mail().mails()).sum();
    }

    /**
     * The waiting mails by domain and cause, of all servers that share the database. Without a database, or while it fails, of this queue
     * only.
     */
    public List<HeldGroup> groups(Optional<DomainName> domain) {
        try {
            if (store.isPresent()) {
                return store.get().groups(domain, clock.instant());
            }
        } catch (StorageOutage e) {
            LOGGER.debug("Held mails of other servers can't be read: {}", e.getMessage());
        }
        return inMemory(domain);
    }

    private List<HeldGroup> inMemory(Optional<DomainName> domain) {
        Map<Would, HeldGroup> groups = new HashMap<>();
        rows.forEach((key, row) -> {
            if (domain.isEmpty() || domain.get().ascii().equals(key.domain())) {
                HeldMail mail = row.mail();
                groups.merge(new Would(key.domain(), mail.why().cause()),
                    new HeldGroup(key.domain(), mail.mails(), mail.since(), mail.nextTry(), mail.why()),
                    (a, b) -> new HeldGroup(a.domain(), a.mails() + b.mails(), earlier(a.since(), b.since()),
                        earlier(a.nextTry(), b.nextTry()), b.why()));
            }
        });
        return groups.values().stream().sorted(Comparator.comparingLong(HeldGroup::mails).reversed().thenComparing(HeldGroup::domain)
            .thenComparing(HeldGroup::cause)).limit(HeldStore.MAX_GROUPS).toList();
    }

    private static Instant earlier(Instant one, Instant other) {
        return one.isBefore(other) ? one : other;
    }

    private void put(HeldMail mail, Instant now, Instant expires) {
        if (rows.size() >= MAX_MAILS && !rows.containsKey(mail.key())) {
            if (!isOverflowing) {
                isOverflowing = true;
                LOGGER.warn("More than {} mails wait in queue {}; the others are not listed", MAX_MAILS, queue);
            }
            return;
        }
        rows.put(mail.key(), new Row(mail, expires));
        note(mail.key(), new Change(Optional.of(mail), now, expires));
    }

    private void remove(Key key) {
        rows.remove(key);
        note(key, new Change(Optional.empty(), Instant.EPOCH, Instant.EPOCH));
    }

    private void note(Key key, Change change) {
        if (store.isPresent() && (unwritten.size() < 2 * MAX_MAILS || unwritten.containsKey(key))) {
            unwritten.put(key, change);
        }
    }

    private Why shared(String domain, Why why) {
        if (sentences.size() >= MAX_SENTENCES) {
            sentences.clear();
        }
        return sentences.compute(domain, (any, known) -> why.equals(known) ? known : why);
    }

    private void untilClosed() {
        long looked = System.nanoTime() - LOOK_EVERY_NANOS;
        long swept = System.nanoTime();
        boolean loaded = store.isEmpty();
        try {
            while (!closed.await(WRITE_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
                long now = System.nanoTime();
                loaded = loaded || works(this::load);
                boolean well = unwritten.isEmpty() && would.isEmpty() || works(this::write);
                if (well && now - looked >= LOOK_EVERY_NANOS) {
                    looked = now;
                    well = works(requests::look);
                }
                if (now - swept >= SWEEP_EVERY_NANOS) {
                    swept = now;
                    well = works(this::sweep) && well;
                }
                if (!well && closed.await(REST_NANOS, TimeUnit.NANOSECONDS)) {
                    break;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        works(this::write);
    }

    /** Runs a step. Begin and end of an outage are logged once each. */
    private boolean works(Runnable step) {
        try {
            step.run();
            if (isOutOfOrder) {
                isOutOfOrder = false;
                LOGGER.info("The list of held mails can be written again");
            }
            return true;
        } catch (RuntimeException | Error e) {
            // errors, too: the thread must not end
            if (!isOutOfOrder) {
                isOutOfOrder = true;
                String consequence = "The list of held mails can't be written or read now; deliveries go on";
                if (e instanceof StorageOutage) {
                    // of which the database warns
                    LOGGER.info(consequence);
                } else {
                    LOGGER.warn(consequence, e);
                }
            }
            return false;
        }
    }

    /** Reads the rows written before a restart, except those that have changed since. */
    void load() {
        store.ifPresent(database -> database.ofServer(server, clock.instant(), MAX_MAILS).forEach(row -> {
            Key key = row.getKey().key();
            if (!unwritten.containsKey(key)) {
                rows.putIfAbsent(key, new Row(row.getKey(), row.getValue()));
            }
        }));
    }

    /** Writes all changes, in transactions of bounded size. */
    void write() {
        if (store.isEmpty()) {
            would.clear();
            return;
        }
        List<Key> keys = new ArrayList<>(unwritten.keySet());
        for (int from = 0; from < keys.size(); from += MAX_IN_TRANSACTION) {
            Map<Key, Change> some = new HashMap<>();
            keys.subList(from, Math.min(keys.size(), from + MAX_IN_TRANSACTION)).forEach(key -> {
                Change change = unwritten.get(key);
                if (change != null) {
                    some.put(key, change);
                }
            });
            store.get().write(some, server);
            // rows that changed during the write are written next time
            some.forEach(unwritten::remove);
        }
        List<HeldGroup> seen = new ArrayList<>();
        would.keySet().forEach(key -> Optional.ofNullable(would.remove(key)).ifPresent(seen::add));
        if (!seen.isEmpty()) {
            try {
                store.get().addWouldBeHeld(seen);
            } catch (RuntimeException | Error e) {
                seen.forEach(each -> would.merge(new Would(each.domain(), each.cause()), each, (newer, older) ->
                    new HeldGroup(newer.domain(), newer.mails() + older.mails(), older.since(), newer.nextTry(), newer.why())));
                throw e;
            }
        }
    }

    /** Removes expired rows, and lists domains whose mails have waited for a permit since the last sweep. */
    void sweep() {
        Instant now = clock.instant();
        rows.values().removeIf(row -> !row.expires().isAfter(now));
        isOverflowing = rows.size() >= MAX_MAILS;
        noteMailsInHand(now);
        store.ifPresent(database -> database.removeExpired(now));
    }

    private void noteMailsInHand(Instant now) {
        Map<String, Integer> waiting = waitingForPlace.get();
        String item = Key.item(server, "mails in hand");
        busySince.keySet().removeIf(domain -> {
            boolean over = !waiting.containsKey(domain);
            if (over) {
                remove(new Key(item, domain));
            }
            return over;
        });
        waiting.forEach((domain, mails) -> {
            Instant since = busySince.putIfAbsent(domain, now);
            if (since != null) {
                put(new HeldMail(new Key(item, domain), since, now, new Why(Cause.LIMIT,
                    mails + " mails wait for a free place among the deliveries to " + domain,
                    "They go as fast as the servers of " + domain + " take them, within deliveriesPerDestination of this server."), mails),
                    now, now.plus(MIN_GRACE));
            }
        });
    }

    /** Writes the remaining changes, for five seconds at most. */
    @Override
    public void close() {
        closed.countDown();
        if (writer != null) {
            try {
                writer.join(Duration.ofSeconds(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
