package jamestls.bench;

import jamestls.queue.ScaleBench;

/** The selected benchmarks of this module, one after the other ({@code mvn -Pbench}). */
public final class ServerBenchmarks {

    private ServerBenchmarks() {
    }

    /** @param arguments the directory for the results, and optionally the cases of {@link RelayBench} */
    public static void main(String... arguments) throws Exception {
        SelectedBenchmarks selected = SelectedBenchmarks.ofThisRun();
        if (selected.include("relay")) {
            RelayBench.main(arguments);
        }
        if (selected.include("scale")) {
            ScaleBench.main(new String[] {arguments[0]});
        }
    }
}
