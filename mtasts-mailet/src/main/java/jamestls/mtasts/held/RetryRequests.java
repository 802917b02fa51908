package jamestls.mtasts.held;

import jamestls.dns.DomainName;
import jamestls.mtasts.held.HeldStore.RetryRequest;
import jamestls.net.SanitizedLogger;
import jamestls.storage.StorageOutage;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The open requests to retry the mails of a domain now: those made in this process, and those that a command or another server has
 * written into the shared database. Each queue of each server carries out each request once. Thread-safe.
 */
public final class RetryRequests {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(RetryRequests.class);
    private static final long LOOK_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Optional<HeldStore> store;
    private final Clock clock;
    private final Map<String, RetryRequest> open = new ConcurrentHashMap<>();
    private final AtomicLong lookedAt = new AtomicLong(System.nanoTime() - LOOK_AGAIN_NANOS);
    private volatile RetryNow retryNow = domain -> { };

    /** The servers that a request reaches. */
    public enum Reach {
        /** Every server that shares the database, within ten seconds. */
        ALL_SERVERS,
        /** Only this server: there is no database, or it fails. */
        THIS_SERVER
    }

    /** Makes the mails of a domain due now. May block. */
    @FunctionalInterface
    public interface RetryNow {
        void retry(DomainName domain);
    }

    RetryRequests(Optional<HeldStore> store, Clock clock) {
        this.store = store;
        this.clock = clock;
    }

    /** Sets what carries out requests. */
    public void carriedOutBy(RetryNow queue) {
        retryNow = queue;
    }

    /**
     * Makes a request.
     *
     * @param id the same for all queues of this process that are asked
     */
    public Reach ask(DomainName domain, String id) {
        RetryRequest request = new RetryRequest(id, domain, clock.instant());
        carryOut(request);
        if (store.isEmpty()) {
            return Reach.THIS_SERVER;
        }
        try {
            store.get().ask(request);
            return Reach.ALL_SERVERS;
        } catch (StorageOutage e) {
            LOGGER.warn("The request to retry the mail for {} does not reach other servers: {}", domain, e.getMessage());
            return Reach.THIS_SERVER;
        }
    }

    /** Creates the identity of a new request. */
    public static String newId() {
        return UUID.randomUUID().toString();
    }

    /** Whether an open request names one of these domains. */
    public boolean areFor(Collection<String> domains) {
        return open.values().stream().map(request -> request.domain().ascii())
            .anyMatch(asked -> domains.stream().anyMatch(asked::equalsIgnoreCase));
    }

    /**
     * Whether any request is open. Reads the database at most once a second: another server on the same queue may have carried out a
     * request that this server has not read yet.
     */
    public boolean isAnyOpen() {
        long last = lookedAt.get();
        if (System.nanoTime() - last > LOOK_AGAIN_NANOS && lookedAt.compareAndSet(last, System.nanoTime())) {
            try {
                look();
            } catch (StorageOutage e) {
                LOGGER.debug("Requests to retry can't be read: {}", e.getMessage());
            }
        }
        return !open.isEmpty();
    }

    /** Carries out new requests of the database and forgets old ones. */
    void look() {
        Instant now = clock.instant();
        open.values().removeIf(request -> request.asked().plus(HeldStore.REQUEST_LASTS).isBefore(now));
        store.ifPresent(database -> database.requests(now).forEach(this::carryOut));
    }

    private void carryOut(RetryRequest request) {
        if (open.putIfAbsent(request.id(), request) == null) {
            Thread.ofVirtual().name("retry-now").start(() -> {
                try {
                    LOGGER.info("Retrying mail for {} now: requested at {}", request.domain(), request.asked());
                    retryNow.retry(request.domain());
                } catch (RuntimeException | Error e) {
                    LOGGER.error("Mail for {} could not be made due now", request.domain(), e);
                }
            });
        }
    }
}
