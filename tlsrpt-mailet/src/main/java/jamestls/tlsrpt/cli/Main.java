package jamestls.tlsrpt.cli;

import jamestls.cli.Cli;
import jamestls.dns.DomainName;
import java.io.PrintWriter;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The commands of the jar. */
@Command(name = "tlsrpt-mailet", mixinStandardHelpOptions = true,
    subcommands = {Show.class, Preview.class, Why.class, Lint.class, HelpCommand.class},
    description = "Looks at TLS reports (RFC 8460): those TlsReporting makes, and those others send.",
    footer = {"", "Exit codes: 0 in order, 1 a problem, 2 wrong usage, 3 could not be found out, 4 nothing there",
        "", "Examples:", "  java -jar tlsrpt-mailet.jar show --day 2026-03-01 --conf /root/conf",
        "  java -jar tlsrpt-mailet.jar why example.org",
        "  java -jar tlsrpt-mailet.jar lint report.json.gz"})
public final class Main implements Runnable {

    @Spec
    private CommandSpec spec;

    public static void main(String[] arguments) {
        Cli.main(new Main(), arguments);
    }

    /** @return the exit code */
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        return Cli.run(new Main(), out, err, arguments);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "name a command: " + String.join(", ", spec.subcommands().keySet()));
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
