package jamestls.activemq;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/**
 * Compiles {@code QueueNode} against James 3.8.1, which speaks javax and not the jakarta that the tests know.
 *
 * @param classPath what it runs with
 */
record QueueNodeBuild(String classPath) {

    static final String MAIN = "jamestls.activemq.QueueNode";
    private static final String SOURCE = "/activemq/QueueNode.java.txt";

    /** Into that directory. */
    static QueueNodeBuild into(Path directory) {
        Path classes = directory.resolve("classes");
        Path source = directory.resolve("QueueNode.java");
        try (InputStream text = QueueNodeBuild.class.getResourceAsStream(SOURCE)) {
            Files.createDirectories(classes);
            Files.write(source, text.readAllBytes());
            String libraries = Stream.concat(Stream.of(required("mtasts.jar") + "-james38.jar"),
                Stream.concat(jars(Path.of(required("james.activemq"))), jars(Path.of(required("james.queue.libraries")))))
                .collect(Collectors.joining(File.pathSeparator));
            if (ToolProvider.getSystemJavaCompiler().run(null, null, null,
                    List.of("-proc:none", "-nowarn", "--release", "21", "-cp", libraries, "-d", classes.toString(), source.toString())
                        .toArray(String[]::new)) != 0) {
                throw new IllegalStateException(source + " does not compile");
            }
            return new QueueNodeBuild(classes + File.pathSeparator + libraries);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> jars(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(Path::toString).filter(name -> name.endsWith(".jar")).sorted().toList().stream();
        }
    }

    private static String required(String property) {
        String value = System.getProperty(property);
        if (value == null) {
            throw new IllegalStateException("system property " + property + " is not set; run through Maven (integration-tests/pom.xml)");
        }
        return value;
    }
}
