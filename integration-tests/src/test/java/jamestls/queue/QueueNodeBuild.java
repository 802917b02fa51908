package jamestls.queue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/**
 * Compiles {@code QueueNode} against James 3.8.1, which speaks javax and not the jakarta that the tests know.
 *
 * @param broker the class of the broker
 * @param classPath what it runs with
 */
record QueueNodeBuild(String broker, String classPath) {

    static final String MAIN = "jamestls.queue.QueueNode";

    /** The queues that James has, as far as they outlive the process. */
    enum Queue {
        ACTIVEMQ("james.activemq", List.of(), "ActiveMqBroker"),
        RABBITMQ("james.rabbitmq", List.of("DirectoryBlobs"), "RabbitMqBroker");

        private final String libraries;
        private final List<String> besides;
        private final String broker;

        Queue(String libraries, List<String> besides, String broker) {
            this.libraries = libraries;
            this.besides = besides;
            this.broker = broker;
        }
    }

    /** Into that directory. */
    static QueueNodeBuild into(Path directory, Queue queue) {
        Path classes = directory.resolve("classes");
        try {
            String libraries = Stream.concat(Stream.of(required("mtasts.jar") + "-james38.jar"),
                Stream.concat(jars(Path.of(required(queue.libraries))), jars(Path.of(required("james.queue.libraries")))))
                .collect(Collectors.joining(File.pathSeparator));
            copy("persistence.xml", classes.resolve("META-INF/persistence.xml"));
            List<String> command = new ArrayList<>(List.of("-proc:none", "-nowarn", "--release", "21", "-cp", libraries, "-d",
                classes.toString()));
            for (String source : Stream.concat(Stream.of("QueueNode", queue.broker), queue.besides.stream()).toList()) {
                command.add(copy(source + ".java.txt", directory.resolve(source + ".java")).toString());
            }
            if (ToolProvider.getSystemJavaCompiler().run(null, null, null, command.toArray(String[]::new)) != 0) {
                throw new IllegalStateException(command + " does not compile");
            }
            return new QueueNodeBuild("jamestls.queue." + queue.broker, classes + File.pathSeparator + libraries);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path copy(String resource, Path target) throws IOException {
        try (InputStream text = QueueNodeBuild.class.getResourceAsStream("/queue/" + resource)) {
            Files.createDirectories(target.getParent());
            return Files.write(target, text.readAllBytes());
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
