package jamestls.bench;

import java.util.Arrays;
import java.util.List;

/** The benchmarks that {@code -Dbench.only=} names, in all modules: names with commas between them, or {@code all}. */
public final class SelectedBenchmarks {

    /** In the order in which they run, module by module. */
    static final List<String> NAMES = List.of("dns", "dane", "sts", "memory", "tlsrpt", "inbox", "relay", "scale");

    private final List<String> names;

    private SelectedBenchmarks(List<String> names) {
        this.names = names;
    }

    /** Those of this run. */
    public static SelectedBenchmarks ofThisRun() {
        return parse(System.getProperty("bench.only", "all"));
    }

    /** @throws IllegalArgumentException if a name is unknown */
    static SelectedBenchmarks parse(String text) {
        List<String> names = text.equals("all") ? NAMES : Arrays.stream(text.split(",")).map(String::strip).toList();
        names.stream().filter(name -> !NAMES.contains(name)).findFirst().ifPresent(unknown -> {
            throw new IllegalArgumentException("bench.only: there is no benchmark '" + unknown + "', only " + String.join(", ", NAMES));
        });
        return new SelectedBenchmarks(names);
    }

    public boolean include(String name) {
        return names.contains(name);
    }
}
