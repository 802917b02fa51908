package jamestls.mtasts.cli;

import jamestls.cli.ExitCode;
import jamestls.cli.Json;
import jamestls.config.ConfigurationException;
import jamestls.dns.DomainName;
import jamestls.mtasts.policy.Rule;
import jamestls.mtasts.policy.Rule.Destination;
import jamestls.mtasts.policy.RuleGrammar;
import jamestls.mtasts.policy.RuleGrammar.NoRule;
import jamestls.mtasts.policy.Rules;
import jamestls.mtasts.policy.Rules.Entry;
import jamestls.storage.Database;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The operator's rules per destination: those in the database are set and removed, those of mailetcontainer.xml are shown. */
@Command(name = "policy", mixinStandardHelpOptions = true,
    subcommands = {PolicyCommand.Allow.class, PolicyCommand.Show.class, PolicyCommand.Remove.class, PolicyCommand.ListAll.class},
    description = "Shows, sets and removes rules per destination. Those in the database hold for all servers that share it.",
    footer = {"", "Exit codes: 0 done, 2 no rule or wrong usage, 3 configuration or database can't be used, 4 there is no such rule",
        "", "Examples:",
        "  java -jar mtasts-mailet.jar policy allow broken.example --level may --until 3d --reason \"ticket 4711\" --conf /opt/james/conf",
        "  java -jar mtasts-mailet.jar policy list --conf /opt/james/conf"})
final class PolicyCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "name a command: " + String.join(", ", spec.subcommands().keySet()));
    }

    /** The common part of the four commands. */
    abstract static class OnRules implements Callable<Integer> {

        @Spec
        private CommandSpec spec;

        @Mixin
        private ServerOptions server;

        PrintWriter out() {
            return spec.commandLine().getOut();
        }

        ParameterException usage(String message) {
            return new ParameterException(spec.commandLine(), message);
        }

        /** Runs a command that only reads the database. */
        int reading(Function<Rules, ExitCode> work) throws ConfigurationException {
            Clock clock = Clock.systemUTC();
            try (Database database = Database.readOnly(server.database(), List.of(Rules.TABLES))) {
                return work.apply(Rules.read(server.rules(clock.instant()), database, clock)).number();
            }
        }

        /** Runs a command that changes rules in the existing database of a server. */
        int changing(Function<Rules, ExitCode> work) throws ConfigurationException {
            Clock clock = Clock.systemUTC();
            try (Database database = Database.openExisting(server.database(), List.of(Rules.TABLES), clock)) {
                return work.apply(Rules.read(server.rules(clock.instant()), database, clock)).number();
            } catch (NoRule e) {
                throw usage(e.getMessage());
            }
        }

        Destination destination(String text) {
            if (text.chars().anyMatch(Character::isWhitespace)) {
                throw usage("'" + text + "' is more than one word");
            }
            return Destination.parse(text)
                .orElseThrow(() -> usage("'" + text + "' is no destination: write domain, .domain, mx:host, mx:.host or *"));
        }

        static String user() {
            return System.getProperty("user.name");
        }

        ExitCode print(List<Entry> entries, boolean json, String none) {
            Instant now = Instant.now();
            if (json) {
                out().println(Json.of(entries.stream().map(entry -> entry.json(now)).toList()));
            } else if (entries.isEmpty()) {
                out().println(none);
            } else {
                entries.forEach(entry -> out().println(entry.rule() + "  # " + (entry.rule().isExpired(now) ? "ended, " : "")
                    + (entry.source() == Rules.Source.DATABASE ? "by " + entry.who() : "in " + Rules.CONFIGURATION)));
            }
            return entries.isEmpty() ? ExitCode.NOTHING : ExitCode.OK;
        }
    }

    @Command(name = "list", mixinStandardHelpOptions = true, description = "Lists all rules in the order in which they are looked up.")
    static final class ListAll extends OnRules {

        @Option(names = "--json", description = "print one JSON array")
        private boolean json;

        @Override
        public Integer call() throws ConfigurationException {
            return reading(rules -> {
                print(rules.list(), json, "no rules");
                return ExitCode.OK;
            });
        }
    }

    @Command(name = "show", mixinStandardHelpOptions = true,
        description = "Shows the rules that are for a domain or a host, in the order in which they are looked up.")
    static final class Show extends OnRules {

        @Parameters(paramLabel = "DOMAIN|HOST")
        private String name;

        @Option(names = "--json", description = "print one JSON array")
        private boolean json;

        @Override
        public Integer call() throws ConfigurationException {
            DomainName domain = DomainName.parse(name).orElseThrow(() -> usage("'" + name + "' is not a domain name"));
            return reading(rules -> print(rules.show(domain), json, "no rule for " + domain));
        }
    }

    @Command(name = "remove", mixinStandardHelpOptions = true,
        description = "Removes the rule for exactly that destination from the database.")
    static final class Remove extends OnRules {

        @Parameters(paramLabel = "DESTINATION", description = "domain, .domain, mx:host, mx:.host or *")
        private String name;

        @Override
        public Integer call() throws ConfigurationException {
            Destination destination = destination(name);
            return changing(rules -> {
                boolean removed = rules.remove(destination, user());
                out().println((removed ? "removed the rule for " : "there is no rule in the database for ") + destination);
                return removed ? ExitCode.OK : ExitCode.NOTHING;
            });
        }
    }

    @Command(name = "allow", mixinStandardHelpOptions = true,
        description = "Sets a rule in the database, in place of the one for the same destination. It holds within seconds.")
    static final class Allow extends OnRules {

        @Parameters(paramLabel = "DESTINATION", description = "domain, .domain, mx:host, mx:.host or *")
        private String destination;

        @Option(names = "--level", paramLabel = "LEVEL", description = "none, may, encrypt, dane, dane-only, verify or secure")
        private String level;

        @Option(names = "--until", paramLabel = "TIME", description = "when the rule ends: 3d, 12h, 2026-12-24 or 2026-12-24T18:00Z")
        private String until;

        @Option(names = "--reason", paramLabel = "TEXT", description = "why; with --until the rule takes the place of the domain's demand")
        private String reason;

        @Option(names = "--observe", description = "a host that falls short gets the mail if no other does")
        private boolean observe;

        @Option(names = "--match", paramLabel = "NAMES", description = "names for verify and secure, with colons between")
        private String match;

        @Option(names = "--tls", paramLabel = "VERSION", description = "the oldest version of TLS: 1.2 or 1.3")
        private String tls;

        @Option(names = "--concurrency", paramLabel = "N", description = "most deliveries at once")
        private String concurrency;

        @Option(names = "--rate", paramLabel = "N/UNIT", description = "most deliveries in a second, minute or hour: 5/s, 30/m, 600/h")
        private String rate;

        @Option(names = "--families", paramLabel = "FAMILIES", description = "both, ipv4, ipv6, ipv4-first or ipv6-first")
        private String families;

        @Override
        public Integer call() throws ConfigurationException {
            Map<String, String> words = new LinkedHashMap<>();
            words.put("level", level);
            words.put("match=", match);
            words.put("tls>=", tls);
            words.put("concurrency=", concurrency);
            words.put("rate=", rate);
            words.put("families=", families);
            words.put("observe", observe ? "" : null);
            words.put("until=", until);
            words.put("reason=", reason);
            Rule rule;
            try {
                rule = RuleGrammar.rule(destination(destination), words, Instant.now());
            } catch (NoRule e) {
                throw usage(e.getMessage());
            }
            return changing(rules -> {
                Entry entry = rules.allow(rule, user());
                out().println(entry.rule() + "  # by " + entry.who());
                return ExitCode.OK;
            });
        }
    }
}
