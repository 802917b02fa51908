package jamestls.james;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** A James for measurements: with the optimising compiler, without what has nothing to do with delivery. */
public final class BenchServer implements AutoCloseable {

    private static final String PASSWORD = "anchors";
    private static final Pattern HEAP = Pattern.compile(", used ([0-9]+)K");

    private final Ports ports;
    private final Process process;

    private BenchServer(Ports ports, Process process) {
        this.ports = ports;
        this.process = process;
    }

    /**
     * Boots James in that directory.
     *
     * @param placeholders what stands for {@code @NAME@} in the benchmark's mailetcontainer.xml
     * @param jvm further arguments of the JVM
     */
    public static BenchServer start(JamesHome home, Path directory, ServerEnvironment environment, Map<String, String> placeholders,
                                    List<String> jvm) {
        Ports ports = Ports.free();
        try {
            Path conf = Files.createDirectories(directory.resolve("conf"));
            try (Stream<Path> shipped = Files.list(BuildPaths.shippedConfiguration().resolve("conf"))) {
                for (Path file : shipped.filter(Files::isRegularFile).toList()) {
                    Files.writeString(conf.resolve(file.getFileName()), Files.readString(file)
                        .replace("<autodiscover>true</autodiscover>",
                            "<servers><server>127.0.0.1</server></servers><autodiscover>false</autodiscover>")
                        .replace("0.0.0.0:143", "127.0.0.1:" + ports.imap())
                        .replace("port=8000", "port=" + ports.webadmin())
                        // a line for each mail is what it would cost in production, too; on a file
                        .replace("ch.qos.logback.core.ConsoleAppender\">",
                            "ch.qos.logback.core.FileAppender\"><file>" + directory.resolve("james.log") + "</file>"));
                }
            }
            Files.writeString(conf.resolve("smtpserver.xml"), resource("smtpserver.xml", Map.of("INJECT_PORT", "" + ports.smtp())));
            Files.writeString(conf.resolve("mailetcontainer.xml"), resource("mailetcontainer.xml", placeholders));
            Path anchors = conf.resolve("anchors.p12");
            try (OutputStream file = Files.newOutputStream(anchors)) {
                environment.anchors().store(file, PASSWORD.toCharArray());
            }
            Path extensions = Files.createDirectories(directory.resolve("extensions-jars"));
            for (Path jar : home.flavour().jars()) {
                Files.copy(jar, extensions.resolve(jar.getFileName()));
            }
            compile(List.of("FillQueue", "DrainQueue"), home, extensions.resolve("bench.jar"));
            List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m"));
            command.addAll(jvm);
            command.addAll(List.of("-Dworking.directory=" + directory, "-Dextra.props=" + conf.resolve("jvm.properties"),
                "-Dlogback.configurationFile=" + conf.resolve("logback.xml"),
                "-Djavax.net.ssl.trustStore=" + anchors, "-Djavax.net.ssl.trustStorePassword=" + PASSWORD,
                "-cp", home.app() + File.pathSeparator + home.libraries() + "/*", home.mainClass(), "--generate-keystore"));
            Process process = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true)
                .redirectOutput(directory.resolve("server.log").toFile()).start();
            BenchServer server = new BenchServer(ports, process);
            try {
                Awaitility.await("James").atMost(Duration.ofMinutes(4)).pollInterval(Duration.ofMillis(100))
                    .until(() -> !process.isAlive() || server.listens());
            } catch (ConditionTimeoutException e) {
                server.close();
                throw e;
            }
            if (!process.isAlive()) {
                throw new IllegalStateException("James ended: " + Files.readString(directory.resolve("server.log")));
            }
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Where it takes mail for anybody. */
    public int injectionPort() {
        return ports.smtp();
    }

    /** Where its webadmin answers. */
    public int webadminPort() {
        return ports.webadmin();
    }

    public long pid() {
        return process.pid();
    }

    public ProcessHandle handle() {
        return process.toHandle();
    }

    /** What the process has used so far. */
    public Duration cpu() {
        return process.info().totalCpuDuration().orElseThrow();
    }

    /** Bytes of the heap in use after a full collection, which this begins. */
    public long heapAfterCollection() {
        diagnosed("GC.run");
        Matcher used = HEAP.matcher(diagnosed("GC.heap_info"));
        if (!used.find()) {
            throw new IllegalStateException("no figure in what jcmd says of the heap");
        }
        return Long.parseLong(used.group(1)) * 1_024;
    }

    private String diagnosed(String command) {
        try {
            Path tool = Path.of(System.getProperty("java.home"), "bin", "jcmd");
            Process jcmd = new ProcessBuilder(tool.toString(), "" + pid(), command).start();
            return new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(40, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private boolean listens() {
        try (Socket first = new Socket(InetAddress.getLoopbackAddress(), ports.smtp());
             Socket second = new Socket(InetAddress.getLoopbackAddress(), ports.webadmin())) {
            return first.isConnected() && second.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    /** With the compiler of this JDK, against the libraries of the James at hand. */
    private static void compile(List<String> mailets, JamesHome home, Path jar) throws IOException {
        Path directory = Files.createTempDirectory(jar.getParent().getParent(), "mailets");
        List<String> arguments = new ArrayList<>(List.of("-proc:none", "--release", "21", "-d", directory.toString(), "-cp"));
        try (Stream<Path> libraries = Files.list(home.libraries())) {
            arguments.add(libraries.map(Path::toString).collect(Collectors.joining(File.pathSeparator)));
        }
        for (String mailet : mailets) {
            String source = resource(mailet + ".java.txt", Map.of());
            arguments.add(Files.writeString(directory.resolve(mailet + ".java"),
                home.flavour() == Flavour.JAVAX ? source : source.replace("javax.inject", "jakarta.inject")).toString());
        }
        if (ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new)) != 0) {
            throw new IllegalStateException(mailets + " do not compile");
        }
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar)); Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".class")).toList()) {
                out.putNextEntry(new JarEntry(directory.relativize(file).toString()));
                out.write(Files.readAllBytes(file));
            }
        }
    }

    private static String resource(String name, Map<String, String> placeholders) throws IOException {
        try (InputStream in = BenchServer.class.getResourceAsStream("/bench/" + name)) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            for (Map.Entry<String, String> placeholder : placeholders.entrySet()) {
                text = text.replace("@" + placeholder.getKey() + "@", placeholder.getValue());
            }
            return text;
        }
    }
}
