package jamestls.smtp;

/** A session with its age, idle time and number of mails; used by whoever leases it, or by the pool while it idles. */
final class PooledSession {

    private final SessionKey key;
    private final SmtpSession session;
    private final long openedAt;
    private int mails;
    private long idleSince;

    /** @param openedAt when its opening began, in nanoseconds of the pool's clock */
    PooledSession(SessionKey key, SmtpSession session, long openedAt) {
        this.key = key;
        this.session = session;
        this.openedAt = openedAt;
        this.idleSince = openedAt;
    }

    SessionKey key() {
        return key;
    }

    SmtpSession session() {
        return session;
    }

    /** Counts one mail as sent. */
    void carried(long now) {
        mails++;
        idleSince = now;
    }

    /** How many mails it may carry yet; zero or less if none. */
    int mailsLeft(ReuseLimits limits) {
        return limits.mails() - mails;
    }

    /** Whether it has idled or lived for too long. */
    boolean isOver(ReuseLimits limits, long now) {
        return now - idleSince >= limits.idle().toNanos() || now - openedAt >= limits.age().toNanos();
    }

    long idleNanos(long now) {
        return now - idleSince;
    }
}
