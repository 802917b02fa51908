package jamestls.bench;

import jamestls.queue.ScaleBench;

/** The benchmarks of this module, one after the other ({@code mvn -Pbench}); {@code -Dbench.only=relay} or {@code scale} for one. */
public final class ServerBenchmarks {

    private ServerBenchmarks() {
    }

    /** @param arguments the directory for the results, and optionally the cases of {@link RelayBench} */
    public static void main(String... arguments) throws Exception {
        String only = System.getProperty("bench.only", "all");
        if (!only.equals("scale")) {
            RelayBench.main(arguments);
        }
        if (!only.equals("relay")) {
            ScaleBench.main(new String[] {arguments[0]});
        }
    }
}
