package jamestls.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * The processor time of everything on this machine but some processes: what a server of short-lived processes uses, if the machine does
 * nothing else.
 *
 * @param others whose time is not counted
 */
record MachineTime(List<ProcessHandle> others) {

    /** proc(5): in hundredths of a second, user, nice, system, idle, iowait, irq, softirq. */
    private static final Path STAT = Path.of("/proc/stat");

    /** So far; only differences mean anything. */
    Duration used() {
        try {
            String[] words = Files.readAllLines(STAT).getFirst().trim().split(" +");
            long ticks = Arrays.stream(new int[] {1, 2, 3, 6, 7}).mapToLong(i -> Long.parseLong(words[i])).sum();
            return others.stream().map(each -> each.info().totalCpuDuration().orElse(Duration.ZERO))
                .reduce(Duration.ofMillis(ticks * 10), Duration::minus);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
