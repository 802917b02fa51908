package jamestls.bench;

import jamestls.mtasts.delivery.DaneBench;
import jamestls.mtasts.delivery.DaneBenchmarks;
import jamestls.mtasts.delivery.MemoryBench;
import jamestls.mtasts.sts.StsBench;
import jamestls.mtasts.sts.StsBenchmarks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** The selected benchmarks of this module, one after the other ({@code mvn -Pbench}). */
public final class Benchmarks {

    private Benchmarks() {
    }

    /** @param args the directory of the test sources, and the directory for the results */
    public static void main(String... args) throws Exception {
        SelectedBenchmarks selected = SelectedBenchmarks.ofThisRun();
        String dane = Path.of(args[1], "dane.json").toString();
        if (selected.include("dns")) {
            ColdLookupBench.main(dane);
        }
        if (selected.include("dane") || selected.include("sts")) {
            generateHarness(Path.of(args[0]), List.of(StsBenchmarks.class, DaneBenchmarks.class));
        }
        if (selected.include("dane")) {
            DaneBench.main(dane);
        }
        if (selected.include("sts")) {
            StsBench.main(Path.of(args[1], "sts.json").toString());
        }
        if (selected.include("memory")) {
            MemoryBench.main(Path.of(args[1], "memory.json").toString());
        }
    }

    /** Compiles JMH's benchmarks with its annotation processor: the build compiles them without, since few builds measure. */
    private static void generateHarness(Path sources, List<Class<?>> benchmarks) throws IOException {
        Path classes = Path.of(Benchmarks.class.getProtectionDomain().getCodeSource().getLocation().getPath());
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            Stream<Path> paths = benchmarks.stream().map(type -> sources.resolve(type.getName().replace('.', '/') + ".java"));
            List<String> options = List.of("-proc:full", "-d", classes.toString(), "-classpath", System.getProperty("java.class.path"));
            if (!compiler.getTask(null, files, null, options, null, files.getJavaFileObjectsFromPaths(paths.toList())).call()) {
                throw new IllegalStateException("the benchmarks of " + benchmarks + " do not compile");
            }
        }
        if (!Files.exists(classes.resolve("META-INF/BenchmarkList"))) {
            throw new IllegalStateException("JMH's annotation processor is not on the class path: run mvn -Pbench");
        }
    }
}
