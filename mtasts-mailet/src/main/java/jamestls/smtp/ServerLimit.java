package jamestls.smtp;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;

/**
 * How many sessions one server address gets at once: the counts, and what was learned of the server. Postfix calls it
 * destination concurrency feedback. It has no lock of its own; the pool's is held around every call.
 *
 * <ul>
 *   <li>Until a server has answered a mail it is <em>unproven</em>: one session at a time, and all other mails wait for it. Proven
 *       it stays for an hour without traffic; a session that is lost while it carries a mail makes it unproven again.</li>
 *   <li>A proven server gets one session more when a mail has waited for a second (or as long as opening one takes, if that is
 *       longer) since the last one was opened, or when more than twenty mails wait for each session: at most three openings at
 *       once, or as many as lead back to the number of sessions that it has taken before, and never more sessions than
 *       {@code deliveriesPerDestination}.</li>
 *   <li>An opening that fails before the EHLO reply while other sessions work means that the server takes no more: the number of
 *       those that work is the limit. Every two minutes without a refusal in which mail was carried raise it by half.</li>
 *   <li>An opening that fails while none works has failed for all mails that wait. A server that kept silent for five seconds
 *       or longer is left alone for as long as the attempt took, at most five minutes.</li>
 * </ul>
 */
final class ServerLimit {

    static final Duration MEMORY = Duration.ofHours(1);
    /** Shorter waits do not pay for a handshake, which costs both sides as much as about ten mails. */
    private static final Duration MIN_WAIT = Duration.ofSeconds(1);
    private static final Duration MAX_WAIT = Duration.ofSeconds(5);
    /** A server that takes longer examines mails before it replies; the next one would wait for nothing. */
    private static final Duration MAX_LAST_REPLY = Duration.ofSeconds(1);
    private static final Duration RAISE_AFTER = Duration.ofMinutes(2);
    private static final Duration SILENCE = Duration.ofSeconds(5);
    private static final Duration MAX_LEFT_ALONE = Duration.ofMinutes(5);
    private static final int MAX_OPENINGS = 3;
    /** With so many mails to carry a handshake is a small part of the cost. */
    private static final int MAILS_WORTH_A_SESSION = 20;
    private static final int NONE = 0;

    private final int max;
    private final Condition changed;
    private int opening;
    private int open;
    private int closing;
    private int waiting;
    private final Map<SessionKey, Integer> waitingByKey = new HashMap<>();
    private int unsuited;
    /** Number of changes so far: a thread about to wait sees by it that something has changed since it looked. */
    private long changes;

    private long nanosToOpen;
    private long openedAt;
    private boolean proven;
    /** Most sessions that were open at once since the server was proven or last refused one. */
    private int taken;
    private int learned = NONE;
    private boolean carriedSinceRefusal;
    private long raiseAt;
    private long failures;
    private SessionFailure failure;
    private boolean leftAlone;
    private long leftAloneUntil;
    private long usedAt;
    /** How long it took for the last reply to a final dot, on any session. */
    private Optional<Duration> lastReply = Optional.empty();

    /** @param max most sessions at once, whatever is learned */
    ServerLimit(int max, Condition changed) {
        this.max = max;
        this.changed = changed;
    }

    Condition changed() {
        return changed;
    }

    /** Waits until something changes, or for so long. */
    void awaitChange(long nanos) {
        try {
            changed.awaitNanos(nanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a session", e);
        }
    }

    long changes() {
        return changes;
    }

    /** How many openings have failed for all. */
    long failures() {
        return failures;
    }

    /** How the last of them failed. */
    SessionFailure failure() {
        return failure;
    }

    int waiting() {
        return waiting;
    }

    void waits(SessionKey key) {
        waiting++;
        waitingByKey.merge(key, 1, Integer::sum);
    }

    void waitsNoMore(SessionKey key, long now) {
        waiting--;
        waitingByKey.computeIfPresent(key, (same, count) -> count == 1 ? null : count - 1);
        usedAt = now;
    }

    /** One of those who wait has found that the sessions which carry mail do not suit it. */
    void waitsForAnotherSession() {
        unsuited++;
    }

    void waitsForAnotherSessionNoMore() {
        unsuited--;
    }

    /**
     * Whether a session may go from one mail to the next without idling in between. Not if somebody waits whom that would pass over for
     * as long as there are mails: who wants a session of another kind gets it when one idles.
     */
    boolean maySkipIdling(SessionKey key) {
        return unsuited == 0 && waitingByKey.getOrDefault(key, 0) == waiting;
    }

    /** A session has carried a mail; empty before its first reply to a final dot. */
    void replied(Optional<Duration> time) {
        lastReply = time.or(() -> lastReply);
    }

    /**
     * Whether a mail may follow before the reply to the one ahead: that server has replied to a mail within a second.
     *
     * @param onSession the time of the last reply on that session, which tells more than those on others; empty if there was none
     */
    boolean repliesPromptly(Optional<Duration> onSession) {
        return onSession.or(() -> lastReply).filter(time -> time.compareTo(MAX_LAST_REPLY) <= 0).isPresent();
    }

    /** A session awaits its final reply, so that the next mail may announce itself. */
    void awaitsFinalReply() {
        moved();
    }

    /** A session has carried a mail and goes to the next at once. */
    void goesOn(long now) {
        answered(now);
    }

    boolean isProven(long now) {
        return proven && now - usedAt < MEMORY.toNanos();
    }

    boolean isLeftAlone(long now) {
        return leftAlone && now - leftAloneUntil < 0;
    }

    /** Whether the server would be given more sessions than it takes. */
    boolean isFull(long now) {
        int learnedLimit = limit(now);
        // a server that refuses counts those, too, that are on their way out
        return opening + open + (learned == NONE ? 0 : closing) >= learnedLimit;
    }

    /**
     * Whether a mail that has waited so long opens another session.
     *
     * @param backlog how many mails wait for that server's domain
     */
    boolean mayOpen(int backlog, long waited, long now) {
        if (open + opening == 0) {
            return !isFull(now);
        }
        boolean mayGrow = open + opening < taken || opening < Math.clamp(open, 1, MAX_OPENINGS);
        return isProven(now) && !isFull(now) && mayGrow
            && (Math.min(waited, now - openedAt) >= patience() || backlog >= MAILS_WORTH_A_SESSION * (open + opening + 1));
    }

    /** How long a mail waits for an existing session before it opens another: the time that takes, a second at least. */
    long patience() {
        return Math.clamp(nanosToOpen, MIN_WAIT.toNanos(), MAX_WAIT.toNanos());
    }

    /** The largest number of sessions allowed now. */
    int limit(long now) {
        if (learned == NONE) {
            return max;
        }
        if (carriedSinceRefusal && now - raiseAt >= 0) {
            learned += (learned + 1) / 2;
            raiseAt = now + RAISE_AFTER.toNanos();
            if (learned >= max) {
                learned = NONE;
                return max;
            }
        }
        return learned;
    }

    void opens() {
        opening++;
        // the backlog may be worth another one, which only those who wait can tell
        changed.signal();
    }

    void opensNot() {
        opening--;
        moved();
    }

    /** A session can carry mail. */
    void opened(long nanos, long now) {
        opening--;
        open++;
        taken = Math.max(taken, open);
        nanosToOpen = nanos;
        openedAt = now;
        leftAlone = false;
        moved();
    }

    /** The connection came about, and no session; the server has greeted. */
    void openedInVain() {
        opensNot();
    }

    /**
     * No greeting, or no answer to EHLO.
     *
     * @return whether the server takes no more sessions than it has; otherwise it has failed for everybody
     */
    boolean refused(SessionFailure why, long nanos, long now) {
        opening--;
        boolean beside = open + closing > 0;
        if (beside) {
            learned = Math.max(1, open);
            taken = learned;
            raiseAt = now + RAISE_AFTER.toNanos();
            carriedSinceRefusal = false;
        } else {
            proven = false;
            taken = 0;
            failures++;
            failure = why;
            leftAlone = nanos >= SILENCE.toNanos();
            leftAloneUntil = now + Math.min(nanos, MAX_LEFT_ALONE.toNanos());
        }
        movedForAll();
        return beside;
    }

    /** A session has carried a mail, or was not needed, and idles. */
    void idles(long now) {
        answered(now);
        moved();
    }

    /** A session idles that has only been looked at: nothing has changed. */
    void idlesAgain() {
        changed.signal();
    }

    /** A session in order is being ended. */
    void closes(long now) {
        answered(now);
        open--;
        closing++;
        moved();
    }

    void closed() {
        closing--;
        moved();
    }

    /** A session was lost. */
    void lost() {
        open--;
        proven = false;
        taken = 0;
        moved();
    }

    /** Nothing goes on there. */
    boolean isQuiet() {
        return opening + open + closing + waiting == 0;
    }

    /** Nothing goes on there, and what is known has grown old. */
    boolean isForgotten(long now) {
        return isQuiet() && now - usedAt >= MEMORY.toNanos();
    }

    private void answered(long now) {
        if (!isProven(now)) {
            taken = open;
        }
        proven = true;
        carriedSinceRefusal = true;
        usedAt = now;
    }

    private void moved() {
        changes++;
        changed.signal();
    }

    private void movedForAll() {
        changes++;
        changed.signalAll();
    }
}
