package jamestls.tlsrpt.cli;

import jamestls.config.ConfigurationException;
import jamestls.dns.DomainName;
import jamestls.storage.StorageOutage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The commands of the jar. */
@Command(name = "tlsrpt-mailet", mixinStandardHelpOptions = true, versionProvider = Version.class,
    subcommands = {Show.class, Preview.class, Why.class, Lint.class, HelpCommand.class},
    description = "Looks at TLS reports (RFC 8460): those TlsReporting makes, and those others send.",
    footer = {"", "Exit codes: 0 in order, 1 a problem, 2 wrong usage, 3 could not be found out, 4 nothing there",
        "", "Examples:", "  java -jar tlsrpt-mailet.jar show --day 2026-03-01 --conf /root/conf",
        "  java -jar tlsrpt-mailet.jar why example.org",
        "  java -jar tlsrpt-mailet.jar lint report.json.gz"})
public final class Main implements Runnable {

    static final int OK = 0;
    static final int PROBLEM = 1;
    static final int UNKNOWN = 3;
    static final int NOTHING = 4;

    @Spec
    private CommandSpec spec;

    public static void main(String[] arguments) {
        // SLF4J would say on standard error that nobody listens to it
        System.setProperty("slf4j.provider", "org.slf4j.helpers.NOP_FallbackServiceProvider");
        System.setProperty("slf4j.internal.verbosity", "ERROR");
        System.exit(run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), arguments));
    }

    /** @return the exit code */
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        return new CommandLine(new Main())
            .setOut(out)
            .setErr(err)
            .setUsageHelpWidth(120)
            .setExecutionExceptionHandler((failure, command, parsed) -> {
                err.println(command.getCommandName() + ": " + reason(failure));
                return UNKNOWN;
            })
            .execute(arguments);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command?");
    }

    /** Why it failed, in words without names of classes. */
    static String reason(Throwable failure) {
        return switch (failure) {
            case NoSuchFileException gone -> gone.getFile() + ": there is no such file";
            case AccessDeniedException denied -> denied.getFile() + ": permission denied";
            case FileSystemException other when other.getReason() != null -> other.getFile() + ": " + other.getReason();
            case IOException io when io.getMessage() != null -> io.getMessage();
            case IllegalArgumentException wrong when wrong.getMessage() != null -> wrong.getMessage();
            case ConfigurationException wrong -> wrong.getMessage();
            case StorageOutage outage when outage.getMessage() != null -> outage.getMessage();
            default -> "failed unexpectedly; please report this: " + failure;
        };
    }

    /** A day as {@code --day} has it. */
    static final class Day implements ITypeConverter<LocalDate> {

        @Override
        public LocalDate convert(String text) {
            try {
                return LocalDate.parse(text);
            } catch (DateTimeParseException notOne) {
                throw new TypeConversionException("'" + text + "' is no day: write it like 2026-03-01");
            }
        }
    }

    /** A domain; what is none is wrong usage. */
    static final class Domain implements ITypeConverter<DomainName> {

        @Override
        public DomainName convert(String text) {
            return DomainName.parse(text).orElseThrow(() -> new TypeConversionException("'" + text + "' is no domain name"));
        }
    }
}
