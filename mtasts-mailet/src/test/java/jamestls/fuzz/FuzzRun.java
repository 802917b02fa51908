package jamestls.fuzz;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Mutated inputs for one target until the time is over. The seed decides the inputs and their order, so the same seed
 * comes upon the same finding, and the input itself is printed, too.
 */
final class FuzzRun {

    /** What one input may cost, in CPU time, of inputs that are 64 KiB at most. */
    static final Duration MAX_READING = Duration.ofMillis(50);

    /** However short the time: a busy machine may give a run none of it. */
    private static final int LEAST_INPUTS = 300;
    private static final int MAX_CORPUS = 4_096;
    /** Longer ones are read, but make poor parents: each takes the time of a hundred short ones. */
    private static final int MAX_IN_CORPUS = 4_096;
    private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();

    private final FuzzTarget target;
    private final long seed;
    private final Mutator mutator;
    private final List<byte[]> corpus;
    private final Set<String> kinds = new HashSet<>();
    private volatile byte[] reading = new byte[0];
    private volatile long inputs;

    FuzzRun(FuzzTarget target, long seed) {
        this.target = target;
        this.seed = seed;
        this.mutator = new Mutator(new SplittableRandom(seed));
        this.corpus = new ArrayList<>(target.corpus());
    }

    /** Reads until {@code duration} is over, the corpus first. @throws AssertionError for the first finding */
    void go(Duration duration) {
        long end = System.nanoTime() + duration.toNanos();
        for (byte[] input : target.corpus()) {
            read(input);
        }
        while (System.nanoTime() < end || inputs < LEAST_INPUTS) {
            byte[] input = mutator.mutate(corpus);
            if (read(input) && input.length <= MAX_IN_CORPUS && corpus.size() < MAX_CORPUS) {
                corpus.add(input);
            }
        }
    }

    /** Whether the input was of a new kind. */
    private boolean read(byte[] input) {
        reading = input;
        inputs = inputs + 1;
        try {
            long start = System.nanoTime();
            String kind = target.reader().read(input);
            if (System.nanoTime() - start > MAX_READING.toNanos()) {
                again(input);
            }
            return kinds.add(kind);
        } catch (Throwable finding) {
            throw new AssertionError(where() + ": " + finding, finding);
        }
    }

    /** Once may be a garbage collection or a busy machine; what is slow in itself is slow again, in time of this thread alone. */
    private void again(byte[] input) {
        long start = CPU.getCurrentThreadCpuTime();
        target.reader().read(input);
        long nanos = CPU.getCurrentThreadCpuTime() - start;
        if (nanos > MAX_READING.toNanos()) {
            throw new AssertionError("took " + Duration.ofNanos(nanos) + " of CPU for " + input.length + " bytes");
        }
    }

    /** Target, seed, number of the input and the input: all that is needed to see it again. */
    String where() {
        return target.name() + ", seed " + seed + ", input " + inputs + ", packed " + PackedInput.pack(reading);
    }

    String target() {
        return target.name();
    }

    long inputs() {
        return inputs;
    }

    int kinds() {
        return kinds.size();
    }
}
