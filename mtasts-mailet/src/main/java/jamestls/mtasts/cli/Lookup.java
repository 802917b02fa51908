package jamestls.mtasts.cli;

import jamestls.cli.Json;
import jamestls.config.ConfigurationException;
import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import jamestls.mtasts.Outbound;
import java.io.PrintWriter;
import java.util.ArrayList;
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

/** Looks up the MTA-STS policy of a domain without a cache. */
@Command(name = "lookup", mixinStandardHelpOptions = true,
    description = "Looks up the TXT record, policy and mail hosts of a domain, and shows which hosts the policy allows.",
    footer = {"", "Exit codes: 0 a policy applies and every host matches, 1 a problem, 2 wrong usage, 3 DNS did not answer,",
        "4 the domain has no MTA-STS", "", "Examples:",
        "  java -jar mtasts-mailet.jar lookup example.org",
        "  java -jar mtasts-mailet.jar lookup example.org --mx new-host.example.org --json",
        "  java -jar mtasts-mailet.jar lookup lab.example --dns 127.0.0.1:5353 --port 8443 --allow-private --trust-store ca.p12"})
final class Lookup implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DOMAIN", description = "the recipient domain")
    private String domain;

    @Option(names = "--mx", paramLabel = "HOST", description = "check this host instead of the MX hosts in DNS; may be repeated")
    private List<String> mx = new ArrayList<>();

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Mixin
    private MailetOptions options;

    @Override
    public Integer call() throws ConfigurationException {
        DomainName name = name(domain);
        List<DomainName> hosts = mx.stream().map(this::name).toList();
        // MTA-STS needs no DNSSEC; without it the look-up is faster. With --conf the server's setting is used
        try (Outbound outbound = options.open(Map.of("dnssec", "off"))) {
            LookupFindings findings = LookupFindings.of(name, hosts, outbound.dns(), outbound.fetcher());
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                out.println(Json.of(findings.json()));
            } else {
                findings.lines().forEach(out::println);
            }
            return findings.exitCode().number();
        }
    }

    private DomainName name(String text) {
        Optional<DomainName> name = IpLiteral.parse(text).isPresent() ? Optional.empty() : DomainName.parse(text);
        return name.orElseThrow(() -> new ParameterException(spec.commandLine(), "'" + text + "' is not a domain name"));
    }
}
