package jamestls.tlsrpt;

import jakarta.mail.MessagingException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Shares one object between all entries of a mailet in mailetcontainer.xml: the first entry creates it, the last one ends it, and all must
 * have the same parameters. Thread-safe.
 *
 * @param <T> the shared object
 */
final class SharedByMailets<T> {

    private final String mailet;
    private final Consumer<T> end;
    private final ReentrantLock lock = new ReentrantLock();
    private Optional<T> running = Optional.empty();
    private Map<String, String> parameters = Map.of();
    private int users;

    /**
     * @param mailet the name of the mailet
     * @param end ends an object; it may wait, and no lock is held meanwhile
     */
    SharedByMailets(String mailet, Consumer<T> end) {
        this.mailet = mailet;
        this.end = end;
    }

    /**
     * Registers one entry as a user.
     *
     * @param written its parameters, by name
     * @param create creates and starts the object if none is running
     * @throws MessagingException if the object is running with other parameters
     */
    T join(Map<String, String> written, Supplier<T> create) throws MessagingException {
        lock.lock();
        try {
            if (running.isPresent() && !parameters.equals(written)) {
                throw new MessagingException("There is another " + mailet + " in mailetcontainer.xml with different parameters. "
                    + "All " + mailet + " entries of a server share one configuration: use the same parameters in each, or remove one.");
            }
            if (running.isEmpty()) {
                running = Optional.of(create.get());
                parameters = Map.copyOf(written);
            }
            users++;
            return running.get();
        } finally {
            lock.unlock();
        }
    }

    /** Unregisters one entry. To be called once for each {@link #join} that returned. */
    void leave() {
        Optional<T> over = Optional.empty();
        lock.lock();
        try {
            users--;
            if (users == 0) {
                over = running;
                running = Optional.empty();
            }
        } finally {
            lock.unlock();
        }
        over.ifPresent(end);
    }

    /** The object; empty if no entry uses it. */
    Optional<T> running() {
        lock.lock();
        try {
            return running;
        } finally {
            lock.unlock();
        }
    }
}
