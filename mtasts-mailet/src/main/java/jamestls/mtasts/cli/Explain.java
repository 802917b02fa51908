package jamestls.mtasts.cli;

import jamestls.cli.Json;
import jamestls.config.ConfigurationException;
import jamestls.dns.DomainName;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.cli.Explanation.Target;
import jamestls.mtasts.delivery.DryRun;
import jamestls.mtasts.delivery.DryRunResult;
import jamestls.mtasts.policy.Rules;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.sts.SqlPolicyStore;
import jamestls.mtasts.sts.StoredPolicy;
import jamestls.smtp.SessionListener;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Explains what SecureRemoteDelivery would do with a mail, by a dry run of the delivery. */
@Command(name = "explain", mixinStandardHelpOptions = true,
    description = "Shows each step of a delivery to a domain. Sends nothing.",
    footer = {"", "Exit codes: 0 the mail would be delivered (or, without --connect, hosts would be connected to),",
        "1 it would be held or bounced, 2 wrong usage, 3 the configuration can't be read", "", "Examples:",
        "  java -jar mtasts-mailet.jar explain bob@example.org --connect",
        "  java -jar mtasts-mailet.jar explain example.org --connect --transcript",
        "  java -jar mtasts-mailet.jar explain example.org --conf /opt/james/conf --json",
        "  java -jar mtasts-mailet.jar explain lab.example --dns 127.0.0.1:5353 --smtp-port 2525 --allow-private --connect"})
final class Explain implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DOMAIN|ADDRESS", description = "a recipient's address, or its domain")
    private String recipient;

    @Option(names = "--connect", description = "connect to every host that policies allow: EHLO, STARTTLS, EHLO, QUIT")
    private boolean connect;

    @Option(names = "--transcript", description = "with --connect: show the commands and replies of each session with their times; no "
        + "content, no credentials")
    private boolean transcribe;

    @Option(names = "--require-tls", description = "explain a mail with REQUIRETLS (RFC 8689)")
    private boolean requireTls;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Mixin
    private MailetOptions options;

    @Override
    public Integer call() throws ConfigurationException {
        DomainName domain = domain();
        if (transcribe && !connect) {
            throw new ParameterException(spec.commandLine(), "--transcript shows sessions, and only --connect opens some");
        }
        Transcript transcript = new Transcript();
        try (Outbound outbound = options.open(Map.of())) {
            Map<DomainName, StoredPolicy> kept = keptByServer(outbound, domain);
            kept.values().forEach(outbound.policies()::save);
            List<DryRunResult> results = outbound.explain(domain,
                requireTls ? SenderTlsRequest.REQUIRED : SenderTlsRequest.AS_POLICY_SAYS,
                connect ? DryRun.Connecting.YES : DryRun.Connecting.NO,
                transcribe ? transcript : (host, address) -> SessionListener.none());
            Explanation explanation = new Explanation(domain, results.stream().map(result -> Target.of(result,
                    outbound.policies().find(result.domain()), Optional.ofNullable(kept.get(result.domain())))).toList(),
                outbound.settings().delivery().gateways(), outbound.dnssec(), options.lookUps(),
                new Explanation.Helo(outbound.settings().smtp().heloName(), options.heloSource(outbound)), Instant.now());
            print(explanation, transcript);
            return explanation.exitCode().number();
        }
    }

    private void print(Explanation explanation, Transcript transcript) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> object = explanation.json();
            if (transcribe) {
                object.put("transcript", transcript.json());
            }
            out.println(Json.of(object));
        } else {
            explanation.lines().forEach(out::println);
            transcript.lines().forEach(out::println);
        }
    }

    /**
     * The policies in the server's database that concern the mail; the rules there are put to use. A missing database is not created; an
     * existing one is only read.
     */
    private Map<DomainName, StoredPolicy> keptByServer(Outbound outbound, DomainName domain) {
        Map<DomainName, StoredPolicy> kept = new HashMap<>();
        Optional<DatabaseAddress> address = options.isOfServer() ? outbound.settings().sts().database()
            .filter(each -> !(each instanceof DatabaseAddress.SqliteFile sqlite) || Files.exists(sqlite.file())) : Optional.empty();
        if (address.isEmpty()) {
            return kept;
        }
        try (Database database = Database.readOnly(address.get(), List.of(SqlPolicyStore.TABLES, Rules.TABLES))) {
            outbound.rules().adopt(Rules.read(outbound.settings().rules(), database, Clock.systemUTC()));
            SqlPolicyStore store = new SqlPolicyStore(database);
            outbound.policyDomains(domain).forEach(name -> store.find(name).ifPresent(policy -> kept.put(name, policy)));
        }
        return kept;
    }

    private DomainName domain() {
        String text = recipient.substring(recipient.lastIndexOf('@') + 1);
        return DomainName.parse(text)
            .orElseThrow(() -> new ParameterException(spec.commandLine(), "'" + text + "' is not a domain name"));
    }
}
