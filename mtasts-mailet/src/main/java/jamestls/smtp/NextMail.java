package jamestls.smtp;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;

/**
 * A mail that gets a session as soon as the mail before has its final reply. Until then its envelope may be sent (RFC 2920 §3.1), so
 * that each mail takes one round trip. Used by the thread of that mail; the pool hands the session over.
 */
public final class NextMail implements AutoCloseable {

    /** The longest wait for another mail's final reply, which may take ten minutes. */
    private static final Duration MAX_WAIT = Duration.ofSeconds(5);

    private final SmtpSession session;
    private final String domain;
    private final Lock lock;
    private final Condition over;
    private State state = State.WAITING;
    private boolean announced;
    private Optional<Lease> lease = Optional.empty();

    private enum State { WAITING, OVER, GIVEN_UP }

    /**
     * @param domain the domain of this mail
     * @param lock that of the pool
     */
    NextMail(SmtpSession session, String domain, Lock lock) {
        this.session = session;
        this.domain = domain;
        this.lock = lock;
        this.over = lock.newCondition();
    }

    /** What was observed of the session. */
    public TlsObservation observation() {
        return session.observation();
    }

    /** Sends the envelope, unless the final reply has come already. The mail that is sent must have the same. */
    public void announce(Envelope envelope) {
        announced = session.announce(envelope);
    }

    /**
     * Waits for the session, at most five seconds.
     *
     * @return the session, to be closed by the caller; empty if it was lost or if the other mail's reply takes too long: nothing of this
     *     mail has been sent then that counts
     */
    public Optional<Lease> session() {
        lock.lock();
        try {
            long left = MAX_WAIT.toNanos();
            while (state == State.WAITING && left > 0) {
                left = over.awaitNanos(left);
            }
            if (state == State.WAITING) {
                state = State.GIVEN_UP;
                if (announced) {
                    session.endAnnouncements();
                }
            }
            Optional<Lease> given = lease;
            lease = Optional.empty();
            return given;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a session", e);
        } finally {
            lock.unlock();
        }
    }

    /** Gives the session up if it has not been asked for. */
    @Override
    public void close() {
        Optional<Lease> unused;
        lock.lock();
        try {
            state = state == State.WAITING ? State.GIVEN_UP : state;
            unused = lease;
            lease = Optional.empty();
        } finally {
            lock.unlock();
        }
        unused.ifPresent(given -> {
            given.keep();
            given.close();
        });
    }

    String domain() {
        return domain;
    }

    /** Whether it still wants the session. Under the lock. */
    boolean isWaiting() {
        return state == State.WAITING;
    }

    /** The mail before has its reply; the session comes with it unless it was lost. Under the lock. */
    void ends(Optional<Lease> given) {
        state = State.OVER;
        lease = given;
        over.signalAll();
    }
}
