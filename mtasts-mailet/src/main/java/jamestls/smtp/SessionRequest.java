package jamestls.smtp;

import java.time.Duration;
import java.util.function.IntSupplier;
import java.util.function.Predicate;

/**
 * What a mail wants of the pool.
 *
 * @param key the server
 * @param domain the recipients' domain, which has no more sessions at once than one server; empty if it is not counted
 * @param suits judges what was observed of a session; called under no lock, must not block
 * @param backlog tells how many mails wait for that domain now, this one included; called under the pool's lock, must not block
 * @param announcing whether it may follow a mail whose final reply is awaited
 */
public record SessionRequest(SessionKey key, String domain, Predicate<TlsObservation> suits, IntSupplier backlog,
                             Announcing announcing) {

    /** Whether a mail may send its envelope before the mail ahead of it has its reply (RFC 2920 §3.1). */
    public enum Announcing { YES, NO }

    /** A request that waits. */
    static final class Waiting {

        final SessionRequest request;
        final long since;
        final Duration patience;
        /** How many openings had failed for all when it began to wait. */
        final long failures;
        /** A session that carries mail did not suit it. */
        boolean unsuited;

        Waiting(SessionRequest request, long since, Duration patience, long failures) {
            this.request = request;
            this.since = since;
            this.patience = patience;
            this.failures = failures;
        }
    }
}
