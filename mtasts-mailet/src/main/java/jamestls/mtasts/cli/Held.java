package jamestls.mtasts.cli;

import jamestls.cli.ExitCode;
import jamestls.cli.Json;
import jamestls.config.ConfigurationException;
import jamestls.dns.DomainName;
import jamestls.mtasts.held.HeldGroup;
import jamestls.mtasts.held.HeldStore;
import jamestls.storage.Database;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Lists the mails that wait, from the database that servers write them into. */
@Command(name = "held", mixinStandardHelpOptions = true,
    description = "Lists the mails that wait for another attempt, by domain and cause: how many, since when, next try, why, and who can "
        + "fix it.",
    footer = {"", "Exit codes: 0 no mail waits, 1 some mail waits, 2 wrong usage, 3 it could not be found out", "", "Examples:",
        "  java -jar mtasts-mailet.jar held --conf /opt/james/conf",
        "  java -jar mtasts-mailet.jar held --domain example.org --json"})
final class Held implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--domain", paramLabel = "DOMAIN", description = "only mails to that domain")
    private String domain;

    @Option(names = "--would", description = "instead, what was delivered under 'observe' and would be held if policies were enforced; "
        + "of the last 30 days")
    private boolean would;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Mixin
    private ServerOptions server;

    @Override
    public Integer call() throws ConfigurationException {
        Optional<DomainName> only = Optional.ofNullable(domain).map(name -> domain(name, spec));
        List<HeldGroup> groups;
        try (Database database = Database.readOnly(server.database(), List.of(HeldStore.TABLES))) {
            HeldStore store = new HeldStore(database);
            groups = would ? store.wouldBeHeld(only, Instant.now()) : store.groups(only, Instant.now());
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.of(Json.object(would ? "wouldBeHeld" : "held", groups.stream().map(HeldGroup::json).toList())));
        } else {
            print(groups, out);
        }
        return (groups.isEmpty() ? ExitCode.OK : ExitCode.PROBLEM).number();
    }

    private void print(List<HeldGroup> groups, PrintWriter out) {
        if (groups.isEmpty()) {
            out.println(would ? "nothing would be held" : "no mail is held");
        }
        for (HeldGroup group : groups) {
            out.println(group.domain() + "  " + group.mails() + (group.mails() == 1 ? " mail" : " mails") + ", " + group.cause().wireName()
                + ", since " + group.since().truncatedTo(ChronoUnit.SECONDS) + (would ? ", last " : ", next try ")
                + group.nextTry().truncatedTo(ChronoUnit.SECONDS));
            out.println("    " + group.why().sentence());
            out.println("    -> " + group.why().remedy());
        }
        if (groups.size() == HeldStore.MAX_GROUPS) {
            out.println("these are the first " + HeldStore.MAX_GROUPS + "; --domain asks for one");
        }
    }

    static DomainName domain(String text, CommandSpec spec) {
        return DomainName.parse(text).orElseThrow(() -> new ParameterException(spec.commandLine(), "'" + text + "' is not a domain name"));
    }
}
