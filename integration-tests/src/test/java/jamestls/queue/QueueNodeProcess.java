package jamestls.queue;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A process that delivers what is in one of James's queues; its source says what it understands. */
final class QueueNodeProcess implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final int TAIL = 40;
    /** The classes of the mailets. */
    static final String SECURE = "jamestls.mtasts.SecureRemoteDelivery";
    static final String STOCK = "org.apache.james.transport.mailets.RemoteDelivery";
    private static final String END = "(the process has ended)";

    private final Process process;
    private final BufferedWriter commands;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private final Set<Integer> taken;
    private final Path log;

    private QueueNodeProcess(Process process, Path log, Set<Integer> taken) {
        this.process = process;
        this.log = log;
        this.commands = process.outputWriter();
        this.taken = taken;
        // not virtual: a thread that reads a pipe blocks its carrier, of which there are as few as processors
        Thread.ofPlatform().daemon().name("queue-node").start(this::listen);
    }

    /** Starts our mailet: {@link #start(QueueNodeBuild, String, Path, Map, Set)}. */
    static QueueNodeProcess start(QueueNodeBuild build, Path directory, Map<String, String> parameters, Set<Integer> taken) {
        return start(build, SECURE, directory, parameters, taken);
    }

    /**
     * Starts one on what is in that directory and waits until it delivers.
     *
     * @param mailet its class
     * @param parameters of the mailet and the broker, and {@code domain}, the parent of all recipients' domains
     * @param taken gets the number of each mail the mailet has taken
     */
    static QueueNodeProcess start(QueueNodeBuild build, String mailet, Path directory, Map<String, String> parameters, Set<Integer> taken) {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED",
            "-Dlogback.configurationFile=" + directory.resolve("logback.xml"),
            "-cp", build.classPath(), QueueNodeBuild.MAIN, build.broker(), mailet, directory.toString()));
        parameters.forEach((name, value) -> command.add(name + "=" + value));
        Path log = directory.resolve("node.log");
        try {
            Files.createDirectories(directory.resolve("var"));
            QueueNodeProcess node = new QueueNodeProcess(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile())).start(), log, taken);
            node.await("up");
            return node;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Has it take mails, and does not wait. */
    void beginFill(int from, int count, int domains, int size) {
        say("fill " + from + " " + count + " 0 " + domains + " " + size);
    }

    /** Has it take mails, and waits until it has. */
    void fill(int from, int count, int domains, int size) {
        beginFill(from, count, domains, size);
        await("filled");
    }

    /** Has it take mails for one domain, and waits until it has. */
    void fillDomain(int from, int count, int domain, int size) {
        say("fill " + from + " " + count + " " + domain + " 1 " + size);
        await("filled");
    }

    /** The answer to a command that asks for a number. */
    long ask(String command) {
        say(command);
        return Long.parseLong(next());
    }

    /** What a power cut does, as far as a process can tell. */
    void kill() {
        process.destroyForcibly();
        process.onExit().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    }

    /** Stops it in order. Gives the time this took. */
    Duration stop() {
        say("stop");
        Duration took = Duration.ofMillis(Long.parseLong(next().substring("stopped ".length())));
        process.onExit().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
        return took;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    private void listen() {
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("+")) {
                    taken.add(Integer.parseInt(line.substring(1)));
                } else {
                    answers.add(line);
                }
            }
        } catch (IOException killed) {
            // a cut line was never promised
        } finally {
            answers.add(END);
        }
    }

    private void say(String command) {
        try {
            commands.write(command);
            commands.newLine();
            commands.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void await(String answer) {
        String got = next();
        if (!got.equals(answer)) {
            throw new IllegalStateException("the node said '" + got + "' instead of '" + answer + "'; it said last:\n" + lastWords());
        }
    }

    private String next() {
        try {
            String answer = answers.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            if (answer == null || answer.equals(END)) {
                throw new IllegalStateException("no answer from the node: " + answer + "; it said last:\n" + lastWords());
            }
            return answer;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private String lastWords() {
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL), lines.size()));
        } catch (IOException e) {
            return e.toString();
        }
    }

    static Set<Integer> numbers() {
        return ConcurrentHashMap.newKeySet();
    }
}
