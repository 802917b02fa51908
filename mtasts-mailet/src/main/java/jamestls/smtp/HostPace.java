package jamestls.smtp;

import java.time.Duration;
import java.util.concurrent.locks.Condition;

/**
 * How the sessions with one host get on, and whether one more would help. It has no lock of its own; the pool's is held
 * around every call.
 */
final class HostPace {

    private static final Duration MIN_WAIT = Duration.ofMillis(5);
    private static final Duration MAX_WAIT = Duration.ofMillis(500);
    private static final Duration MAX_WAIT_FOR_OPENING = Duration.ofSeconds(10);
    /** A handshake costs both sides together what about ten mails do: with so many to carry it is a small part. */
    private static final int MAILS_WORTH_A_HANDSHAKE = 20;

    /** Signalled when anything here changes. */
    private final Condition moved;
    private int opening;
    private int carrying;
    private long nanosToOpen;
    private long nanosToCarry;

    HostPace(Condition moved) {
        this.moved = moved;
    }

    Condition moved() {
        return moved;
    }

    void opens() {
        opening++;
    }

    void opened(long nanos) {
        nanosToOpen = nanos;
        carrying++;
        moved.signalAll();
    }

    void openingEnds() {
        opening--;
        moved.signal();
    }

    /** A session that idled is somebody's. */
    void taken() {
        carrying++;
    }

    /** It was given back, or ended, without a mail. */
    void givenBack() {
        carrying--;
        moved.signal();
    }

    void carried(long nanos) {
        carrying--;
        nanosToCarry = nanosToCarry == 0 ? nanos : (7 * nanosToCarry + nanos) / 8;
        moved.signal();
    }

    boolean isBusy() {
        return opening + carrying > 0;
    }

    /**
     * How much longer it is wise to wait for one of the sessions there are; nothing, or less, when one more is the better
     * choice. A connection costs both sides more than a mail, so it has to save time: where those there are would take longer
     * over the backlog than it takes to open one. That says nothing where all wait for a processor of ours: there one more is
     * opened only for many mails.
     *
     * @param backlog how many mails wait for that host
     * @param waited nanoseconds so far
     */
    long patience(int backlog, long waited, Processor processor) {
        if (carrying == 0) {
            return MAX_WAIT_FOR_OPENING.toNanos() - waited;
        }
        long wait = backlog * nanosToCarry / (carrying + opening);
        if (wait > Math.max(2 * nanosToOpen, MIN_WAIT.toNanos())) {
            boolean few = backlog < MAILS_WORTH_A_HANDSHAKE * (carrying + opening + 1);
            return processor == Processor.TAKEN && few
                ? Math.min(MAX_WAIT.toNanos(), MAX_WAIT_FOR_OPENING.toNanos() - waited) : 0;
        }
        return Math.max(2 * nanosToOpen, MAX_WAIT.toNanos()) - waited;
    }

    /** Whether it answers, and another session is not the better choice. */
    boolean keepsUp(int backlog, Processor processor) {
        return carrying > 0 && patience(backlog, 0, processor) > 0;
    }

    /** Whether a thread that could go on has to wait for it. */
    enum Processor {
        FREE,
        TAKEN;

        /** As the calling thread finds it: it lines up behind all virtual threads that could go on. */
        static Processor now() {
            long asked = System.nanoTime();
            Thread.yield();
            return System.nanoTime() - asked > MIN_WAIT.toNanos() ? TAKEN : FREE;
        }
    }
}
