package jamestls.fuzz;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Fuzzes everything that reads bytes of strangers (docs/testing.md). The targets take turns; the process ends with 0 when
 * the time is over, with 1 at the first finding, and with 2 when one input keeps it busy for half a minute.
 *
 * <p>System properties: {@code fuzz.seconds} (default 60), {@code fuzz.seed} (default: by chance, printed),
 * {@code fuzz.target} (default: all), {@code fuzz.input} (as a finding prints it: just this one, with {@code fuzz.target}).
 */
public final class ParserFuzz {

    private static final Duration TURN = Duration.ofSeconds(10);
    private static final Duration STUCK = Duration.ofSeconds(30);

    private ParserFuzz() {
    }

    public static void main(String[] args) {
        String only = System.getProperty("fuzz.target", "");
        List<FuzzTarget> targets = FuzzTargets.all().stream().filter(target -> only.isEmpty() || target.name().equals(only)).toList();
        String input = System.getProperty("fuzz.input", "");
        if (!input.isEmpty()) {
            targets.forEach(target -> System.out.println(target.reader().read(PackedInput.unpack(input))));
            return;
        }
        String given = System.getProperty("fuzz.seed", "");
        long seed = given.isEmpty() ? ThreadLocalRandom.current().nextLong() : Long.parseLong(given);
        Duration duration = Duration.ofSeconds(Long.getLong("fuzz.seconds", 60L));
        System.out.println("seed " + seed + ", " + duration.toSeconds() + " s");
        try {
            fuzz(targets, seed, duration);
        } catch (AssertionError finding) {
            finding.printStackTrace(System.out);
            System.exit(1);
        }
    }

    /** All targets in turns until the time is over. @throws AssertionError for the first finding */
    static List<FuzzRun> fuzz(List<FuzzTarget> targets, long seed, Duration duration) {
        List<FuzzRun> runs = targets.stream().map(target -> new FuzzRun(target, seed)).toList();
        long end = System.nanoTime() + duration.toNanos();
        int turn = 0;
        while (System.nanoTime() < end || turn < runs.size()) {
            FuzzRun run = runs.get(turn % runs.size());
            Thread watch = Thread.ofVirtual().start(() -> watch(run));
            try {
                run.go(turn(duration, runs.size()));
            } finally {
                watch.interrupt();
            }
            turn++;
        }
        runs.forEach(run -> System.out.println(run.target() + ": " + run.inputs() + " inputs, " + run.kinds() + " kinds"));
        return runs;
    }

    private static Duration turn(Duration duration, int runs) {
        Duration share = duration.dividedBy(runs);
        return share.compareTo(TURN) < 0 ? share : TURN;
    }

    /** A reader that never comes back would never fail. */
    private static void watch(FuzzRun run) {
        while (!Thread.currentThread().isInterrupted()) {
            long before = run.inputs();
            LockSupport.parkNanos(STUCK.toNanos());
            if (!Thread.currentThread().isInterrupted() && run.inputs() == before) {
                System.out.println("no end within " + TimeUnit.NANOSECONDS.toSeconds(STUCK.toNanos()) + " s: " + run.where());
                Runtime.getRuntime().halt(2);
            }
        }
    }
}
