package jamestls.mtasts.cli;

import jamestls.cli.Cli;
import jamestls.cli.ExitCode;
import jamestls.config.ConfigurationException;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import jamestls.install.Refusal;
import jamestls.install.SigningKeys;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.check.DomainView;
import jamestls.mtasts.check.HostJudge;
import jamestls.mtasts.check.Tlsa311;
import jamestls.mtasts.dane.DaneLookup;
import jamestls.mtasts.delivery.DryRunResult.HostFindings;
import jamestls.mtasts.publish.PemFile;
import jamestls.mtasts.publish.ZoneRecords;
import jamestls.mtasts.sts.MxPattern;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.mtasts.sts.StsPolicy.Mode;
import jamestls.mtasts.sts.StsRecord;
import jamestls.net.Sanitized;
import jamestls.rua.RuaRecord;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints what a domain should publish: lines for its zone, and its policy. */
@Command(name = "records", mixinStandardHelpOptions = true,
    description = "Prints the DNS records and the policy file that a domain should publish, from DNS as it is and what its mail hosts "
        + "show. Changes nothing.",
    footer = {"", "Exit codes: 0 all is there, 1 something is missing; comments (;) say what, 2 wrong usage, 3 a file can't be read", "",
        "Examples:",
        "  java -jar mtasts-mailet.jar records example.org --rua mailto:tls-reports@example.net",
        "  java -jar mtasts-mailet.jar records example.org --mode enforce --policy > mta-sts.txt",
        "  java -jar mtasts-mailet.jar records example.org --next-key next.pem --conf /opt/james/conf"})
final class Records implements Callable<Integer> {

    private static final Duration USUAL_MAX_AGE = Duration.ofDays(7);
    private static final int MAX_FILE = 256 * 1024;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DOMAIN", description = "the domain that gets mail")
    private String name;

    @Option(names = "--mode", paramLabel = "MODE",
        description = "testing, enforce or none; default: that of the present policy, else testing")
    private String mode;

    @Option(names = "--max-age", paramLabel = "SECONDS", description = "default: that of the present policy, else 604800 (a week)")
    private Long maxAge;

    @Option(names = "--mx", paramLabel = "HOST",
        description = "a mail host, or a pattern such as *.example.org; may be repeated; default: the MX hosts in DNS")
    private List<String> mx = new ArrayList<>();

    @Option(names = "--rua", paramLabel = "URI", description = "where reports go, such as mailto:tls-reports@example.net; may be repeated; "
        + "default: as in the present record")
    private List<String> rua = new ArrayList<>();

    @Option(names = "--address", paramLabel = "IP", description = "an address of the policy host; may be repeated; default: as in DNS")
    private List<String> addresses = new ArrayList<>();

    @Option(names = "--next-key", paramLabel = "[HOST=]FILE", description = "the certificate or public key (PEM) that a mail host, or each "
        + "of them, will use next; may be repeated")
    private List<String> nextKeys = new ArrayList<>();

    @Option(names = "--policy", description = "print the policy file only")
    private boolean policyOnly;

    @Mixin
    private MailetOptions options;

    private final List<String> zone = new ArrayList<>();
    private boolean isIncomplete;

    @Override
    public Integer call() throws ConfigurationException, IOException {
        DomainName domain = Held.domain(name, spec);
        List<MxPattern> patterns = mx.stream().map(this::pattern).toList();
        List<DomainName> hosts = patterns.stream().filter(pattern -> !pattern.text().startsWith("*."))
            .map(pattern -> new DomainName(pattern.text())).toList();
        try (Outbound outbound = options.open(Map.of())) {
            DomainView view = outbound.strictSender().look(domain, hosts);
            StsPolicy policy = policy(view, patterns);
            if (policyOnly) {
                spec.commandLine().getOut().print(policy.text());
                spec.commandLine().getOut().flush();
                return ExitCode.OK.number();
            }
            zone.add("; zone of " + domain);
            zone.add(ZoneRecords.txt(domain.child("_mta-sts"), "v=STSv1; id=" + StsRecord.idOf(policy) + ";"));
            address(domain.child("mta-sts"), outbound);
            reports(domain, view);
            signingKeys(domain);
            if (policy.mode() != Mode.NONE) {
                tlsa(view, outbound.settings().delivery().smtpPort());
            }
            PrintWriter out = spec.commandLine().getOut();
            zone.forEach(out::println);
            out.println();
            out.println("; policy file, served before the id in the record above changes: https://mta-sts." + domain
                + "/.well-known/mta-sts.txt");
            out.print(policy.text());
            out.flush();
            return (isIncomplete ? ExitCode.PROBLEM : ExitCode.OK).number();
        }
    }

    private StsPolicy policy(DomainView view, List<MxPattern> patterns) {
        Optional<StsPolicy> present = view.valid();
        Mode wanted = mode == null ? present.map(StsPolicy::mode).orElse(Mode.TESTING) : Arrays.stream(Mode.values())
            .filter(each -> each.wireName().equals(mode)).findFirst()
            .orElseThrow(() -> wrong("--mode " + mode + ": testing, enforce or none"));
        Duration age = maxAge == null ? present.map(StsPolicy::maxAge).orElse(USUAL_MAX_AGE) : Duration.ofSeconds(
            Math.clamp(maxAge, -1, Integer.MAX_VALUE));
        Set<MxPattern> all = new LinkedHashSet<>(patterns);
        if (all.isEmpty()) {
            // names that can't stand in a policy are no host names
            view.mail().hosts().forEach(host -> MxPattern.parse(host.plan().host().name().ascii()).ifPresent(all::add));
        }
        if (all.isEmpty() && wanted != Mode.NONE) {
            throw wrong("the MX hosts of " + view.domain() + " are not known; name them with --mx");
        }
        try {
            return StsPolicy.of(wanted, age, List.copyOf(all));
        } catch (IllegalArgumentException e) {
            throw wrong(e.getMessage().startsWith("max_age") ? "--max-age " + maxAge + ": 0 to " + StsPolicy.MAX_MAX_AGE.toSeconds()
                : "this policy would be refused: " + e.getMessage());
        }
    }

    private MxPattern pattern(String text) {
        String ascii = text.startsWith("*.") ? DomainName.parse(text.substring(2)).map(parent -> "*." + parent).orElse("")
            : DomainName.parse(text).map(DomainName::ascii).orElse("");
        return MxPattern.parse(ascii).filter(pattern -> pattern.text().contains("."))
            .orElseThrow(() -> wrong("--mx " + text + ": a host name, or *. and a domain"));
    }

    private void address(DomainName policyHost, Outbound outbound) {
        List<InetAddress> known = new ArrayList<>();
        for (String text : addresses) {
            known.add(IpLiteral.parse(text).orElseThrow(() -> wrong("--address " + text + ": an IP address")));
        }
        if (known.isEmpty() && outbound.dns().addresses(policyHost) instanceof DnsAnswer.Found<InetAddress> found) {
            known.addAll(found.records());
        }
        if (known.isEmpty()) {
            missing(policyHost + " has no address: name the one of your web server, or of James's policy host, with --address");
        }
        known.forEach(address -> zone.add(ZoneRecords.address(policyHost, address)));
    }

    private void reports(DomainName domain, DomainView view) {
        List<String> uris = new ArrayList<>(rua);
        if (uris.isEmpty() && RuaRecord.select(view.reports().texts()) instanceof RuaRecord.Found found) {
            found.record().destinations().forEach(destination -> uris.add(destination.uri()));
        }
        if (uris.isEmpty()) {
            missing("nobody will report failures: say where reports go, such as --rua mailto:tls-reports@" + domain);
            return;
        }
        String text = "v=TLSRPTv1; rua=" + String.join(",", uris);
        Optional<RuaRecord> record = RuaRecord.parse(text);
        if (record.isEmpty() || record.get().usable().size() != new LinkedHashSet<>(uris).size()) {
            throw wrong("--rua " + Sanitized.line(String.join(",", uris), 200) + ": mailto or https URIs, in which ',', ';' and '!' are "
                + "percent-encoded");
        }
        zone.add(ZoneRecords.txt(domain.child("_smtp._tls"), text));
    }

    private void signingKeys(DomainName domain) throws IOException {
        if (options.conf().isEmpty()) {
            return;
        }
        try {
            SigningKeys.records(options.conf().get(), domain).forEach((owner, value) -> zone.add(ZoneRecords.txt(owner, value)));
        } catch (Refusal e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private void tlsa(DomainView view, int port) throws IOException {
        for (HostFindings host : view.mail().hosts()) {
            DomainName hostName = host.plan().host().name();
            zone.add("; zone of " + hostName + (host.plan().dane() instanceof DaneLookup.Found
                ? "" : "; TLSA records count only where DNSSEC signs it"));
            Set<String> data = HostJudge.certificates(host).stream().map(Tlsa311::of).collect(Collectors.toCollection(LinkedHashSet::new));
            if (data.isEmpty()) {
                missing("the present key of " + hostName + " is not known: " + Sanitized.ascii(host.causes().isEmpty() ? "no TLS"
                    : String.join("; ", host.causes()), 200));
            }
            for (String next : nextKeys) {
                String file = next.startsWith(hostName + "=") ? next.substring(hostName.ascii().length() + 1) : next;
                if (file.equals(next) && next.contains("=")) {
                    // of another host
                    continue;
                }
                data.add(Tlsa311.of(key(file)));
            }
            data.forEach(each -> zone.add(ZoneRecords.tlsa(hostName, port, each)));
        }
    }

    private static PublicKey key(String file) throws IOException {
        try {
            return PemFile.publicKey(new String(Cli.read(file, MAX_FILE), StandardCharsets.ISO_8859_1));
        } catch (IllegalArgumentException e) {
            throw new IOException("--next-key " + file + ": " + e.getMessage(), e);
        }
    }

    private void missing(String text) {
        zone.add("; " + text);
        isIncomplete = true;
    }

    private ParameterException wrong(String text) {
        return new ParameterException(spec.commandLine(), text);
    }
}
