package jamestls.smtp;

/** The use of one session by one thread. */
public final class Lease implements AutoCloseable {

    private final SessionPool pool;
    private final PooledSession pooled;
    private final Origin origin;
    private final Counted counted;
    private final String domain;
    private boolean worthKeeping;

    /** Whether a leased session has carried a mail before. */
    public enum Origin { NEW, REUSED }

    /** Whether the pool counts the session as open. */
    enum Counted { YES, NO }

    /** @param domain whose mail it carries, if it counts for the domain by itself; otherwise empty */
    Lease(SessionPool pool, PooledSession pooled, Origin origin, Counted counted, String domain) {
        this.pool = pool;
        this.pooled = pooled;
        this.origin = origin;
        this.counted = counted;
        this.domain = domain;
    }

    public SmtpSession session() {
        return pooled.session();
    }

    public Origin origin() {
        return origin;
    }

    /** The session has carried a mail and may carry another; said once. */
    public void keep() {
        worthKeeping = true;
    }

    /**
     * Lets the next mail send its envelope while this mail's final reply is awaited, if the server takes that. To be called when the
     * final dot is on its way, and only where {@link #keep} would follow.
     */
    public void awaitsFinalReply() {
        if (counted == Counted.YES && session().takesAnnouncements()) {
            pool.awaitsFinalReply(this);
        }
    }

    /** Gives the session back, or to the mail that has announced itself; does not block. */
    @Override
    public void close() {
        pool.takeBack(this);
    }

    PooledSession pooled() {
        return pooled;
    }

    boolean isCounted() {
        return counted == Counted.YES;
    }

    boolean isWorthKeeping() {
        return worthKeeping;
    }

    String domain() {
        return domain;
    }
}
