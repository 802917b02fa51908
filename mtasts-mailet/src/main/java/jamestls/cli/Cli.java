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

/** Runs a command line: help, version, messages and exit codes are the same for all commands. */
public final class Cli {

    private static final int HELP_WIDTH = 120;

    private Cli() {
    }

    /** Runs a command in this process and ends it. Nothing is logged: there is no reader but the one at the terminal. */
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
        err.println(at.getCommandName() + ": " + wrong.getMessage());
        UnmatchedArgumentException.printSuggestions(wrong, err);
        err.println("Try '" + at.getCommandSpec().qualifiedName() + " --help'.");
        return ExitCode.USAGE.number();
    }

    /** What went wrong, for people: no name of a Java class, and never nothing. */
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
     * @param most bytes to read; what follows is ignored
     * @throws IOException with a message that says which file, and why
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
            throw new IOException("'" + file + "' is no name of a file", e);
        } catch (NoSuchFileException | AccessDeniedException e) {
            throw new IOException("can't read " + file + ": " + (e instanceof NoSuchFileException ? "there is no such file"
                : "this user may not read it"), e);
        }
    }
}
