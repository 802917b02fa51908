package jamestls.mtasts.cli;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A run in a JVM of its own that has what is in our jar and nothing of James's. */
final class StandAlone {

    private static final Pattern BUNDLED = Pattern.compile("(dnsjava|httpclient5|httpcore5|httpcore5-h2|caffeine|picocli|slf4j-api"
        + "|sqlite-jdbc|HikariCP|postgresql)-[0-9].*\\.jar");

    private StandAlone() {
    }

    record Result(int exitCode, String out, String err) {
    }

    static Result run(List<String> arguments) throws IOException, InterruptedException {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> entry.endsWith(Path.of("mtasts-mailet", "target", "classes").toString())
                || BUNDLED.matcher(Path.of(entry).getFileName().toString()).matches())
            .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", classPath,
            Main.class.getName()));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command).start();
        CompletableFuture<byte[]> err = CompletableFuture.supplyAsync(() -> read(process), task -> Thread.ofPlatform().start(task));
        byte[] out = process.getInputStream().readAllBytes();
        return new Result(process.waitFor(), new String(out, StandardCharsets.UTF_8), new String(err.join(), StandardCharsets.UTF_8));
    }

    private static byte[] read(Process process) {
        try {
            return process.getErrorStream().readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
