package jamestls.mtasts.cli;

import jamestls.cli.ExitCode;
import jamestls.config.ConfigurationException;
import jamestls.dns.DomainName;
import jamestls.mtasts.held.HeldStore;
import jamestls.mtasts.held.HeldStore.RetryRequest;
import jamestls.mtasts.held.RetryRequests;
import jamestls.storage.Database;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Asks the running servers, by a row in their database, to try the mail of a domain now. */
@Command(name = "retry", mixinStandardHelpOptions = true,
    description = "Makes the mail of a domain due now, and has its policy looked up again, on every server that shares the database.",
    footer = {"", "Exit codes: 0 the servers are asked, 2 wrong usage, 3 they could not be asked", "", "Example:",
        "  java -jar mtasts-mailet.jar retry example.org --conf /opt/james/conf"})
final class Retry implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DOMAIN", description = "the recipients' domain")
    private String domain;

    @Mixin
    private ServerOptions server;

    @Override
    public Integer call() throws ConfigurationException {
        DomainName name = Held.domain(domain, spec);
        Clock clock = Clock.systemUTC();
        try (Database database = Database.openExisting(server.database(), List.of(HeldStore.TABLES), clock)) {
            new HeldStore(database).ask(new RetryRequest(RetryRequests.newId(), name, clock.instant()));
        }
        spec.commandLine().getOut().println("every server that runs with this database tries the mail for " + name + " within ten seconds; "
            + "mail that still can't be delivered keeps its place in the schedule, and 'held --domain " + name + "' says why");
        return ExitCode.OK.number();
    }
}
