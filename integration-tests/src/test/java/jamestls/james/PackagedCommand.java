package jamestls.james;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line of the packaged mtasts jar, in a process of its own. */
public final class PackagedCommand {

    private PackagedCommand() {
    }

    /** The output of a command, errors included, and its exit code. */
    public record Result(int exitCode, String out) {
    }

    public static Result run(String... arguments) {
        return run(Flavour.JAVAX.jars().getFirst(), arguments);
    }

    /** The command line of the other jar, in the main flavour. */
    public static Result reports(String... arguments) {
        return run(Flavour.JAKARTA.jars().getLast(), arguments);
    }

    private static Result run(Path jar, String... arguments) {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar",
            jar.toString()));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Result(process.waitFor(), out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
