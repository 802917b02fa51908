package jamestls.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Runs a command line, with the same help, version, messages and exit codes for all commands. */
public final class Cli {

    private static final int HELP_WIDTH = 120;

    private Cli() {
    }

    /** Runs a command and ends the process. Log messages are discarded. */
    public static void main(Object command, String[] arguments) {
        System.setProperty("slf4j.provider", "org.slf4j.helpers.NOP_FallbackServiceProvider");
        System.setProperty("slf4j.internal.verbosity", "ERROR");
        System.exit(run(command, new PrintWriter(System.out, true), new PrintWriter(System.err, true), arguments));
    }

    /** @return the number of an {@link ExitCode} */
    public static int run(Object command, PrintWriter out, PrintWriter err, String... arguments) {
        CommandLine line = new CommandLine(command)
            .setOut(out)
            .setErr(err)
            .setUsageHelpWidth(HELP_WIDTH)
            .setParameterExceptionHandler((wrong, given) -> usage(wrong, err))
            .setExecutionExceptionHandler((failure, at, parsed) -> {
                err.println(at.getCommandName() + ": " + reason(failure));
                return ExitCode.UNKNOWN.number();
            });
        String version = line.getCommandName() + " "
            + Optional.ofNullable(command.getClass().getPackage().getImplementationVersion()).orElse("(not from a jar)");
        line.getCommandSpec().version(version);
        line.getSubcommands().values().forEach(each -> each.getCommandSpec().version(version));
        return line.execute(arguments);
    }

    private static int usage(ParameterException wrong, PrintWriter err) {
        CommandLine at = wrong.getCommandLine();
        err.println(at.getCommandName() + ": " + plain(wrong.getMessage()));
        UnmatchedArgumentException.printSuggestions(wrong, err);
        err.println("Try '" + at.getCommandSpec().qualifiedName() + " --help'.");
        return ExitCode.USAGE.number();
    }

    /** Mends the wording of two of picocli's messages. */
    private static String plain(String message) {
        return message.replace("for option option ", "for option ").replaceFirst("^Error: ", "");
    }

    /** What went wrong, in words: without names of Java classes, and never empty. */
    public static String reason(Throwable failure) {
        return switch (failure) {
            case NoSuchFileException missing -> missing.getFile() + ": there is no such file";
            case AccessDeniedException denied -> denied.getFile() + ": this user may not read it";
            case FileSystemException other when other.getReason() != null -> other.getFile() + ": " + other.getReason();
            default -> Optional.ofNullable(failure.getMessage()).filter(message -> !message.isBlank())
                .map(message -> message.replaceAll("\\b(?:[a-z]\\w*\\.){2,}[A-Z]\\w*(?:Exception|Error): ", ""))
                .orElse("an unexpected error; please report it, with the command");
        };
    }

    /**
     * Reads a file, or standard input where the name is {@code -}.
     *
     * @param most the most bytes to read; the rest is ignored
     * @throws IOException with a message that names the file and the cause
     */
    public static byte[] read(String file, int most) throws IOException {
        if (file.equals("-")) {
            return System.in.readNBytes(most);
        }
        try {
            Path path = Path.of(file);
            if (Files.isDirectory(path)) {
                throw new IOException(file + " is a directory");
            }
            try (InputStream in = Files.newInputStream(path)) {
                return in.readNBytes(most);
            }
        } catch (InvalidPathException e) {
            throw new IOException("'" + file + "' is not a file name", e);
        } catch (NoSuchFileException | AccessDeniedException e) {
            throw new IOException("can't read " + file + ": " + (e instanceof NoSuchFileException ? "there is no such file"
                : "this user may not read it"), e);
        }
    }
}
