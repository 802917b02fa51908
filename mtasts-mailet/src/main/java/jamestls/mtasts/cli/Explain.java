package jamestls.mtasts.cli;

import jamestls.config.Variables;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsSettings;
import jamestls.mtasts.dane.TlsaRecords;
import jamestls.mtasts.delivery.Delivery;
import jamestls.mtasts.delivery.DryRun;
import jamestls.mtasts.delivery.DryRunResult;
import jamestls.mtasts.delivery.HostLookup;
import jamestls.mtasts.delivery.OutboundResources;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.policy.CertificateCheck;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.sts.MemoryPolicyStore;
import jamestls.mtasts.sts.PolicyFetcher;
import jamestls.mtasts.sts.PolicyStore;
import jamestls.mtasts.sts.RefreshSchedule;
import jamestls.mtasts.sts.SqlPolicyStore;
import jamestls.mtasts.sts.StoredPolicy;
import jamestls.mtasts.sts.StsPolicies;
import jamestls.mtasts.sts.StsWarnings;
import jamestls.smtp.ReuseLimits;
import jamestls.smtp.SmtpConnector;
import jamestls.smtp.SmtpSettings;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.random.RandomGenerator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what SecureRemoteDelivery would do with a mail, and why: a delivery without a mail. */
@Command(name = "explain", mixinStandardHelpOptions = true, versionProvider = Version.class,
    description = "Goes through a delivery to a domain, step by step, and sends nothing.",
    footer = {"", "Exit codes: 0 the mail would be delivered (or, without --connect, hosts would be connected to),",
        "1 it would be held or bounced, 2 wrong usage, 3 the configuration can't be read", "", "Examples:",
        "  java -jar mtasts-mailet.jar explain bob@example.org --connect",
        "  java -jar mtasts-mailet.jar explain example.org --conf /opt/james/conf --json",
        "  java -jar mtasts-mailet.jar explain lab.example --dns 127.0.0.1:5353 --smtp-port 2525 --allow-private --connect"})
final class Explain implements Callable<Integer> {

    /** Somebody sits at the terminal; a delivery waits for {@code timeout}. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DOMAIN|ADDRESS", description = "a recipient, or what stands behind the @")
    private String recipient;

    @Option(names = "--conf", paramLabel = "DIR",
        description = "James's conf/: take the parameters of SecureRemoteDelivery, the DNS servers and the policies this server has")
    private Path conf;

    @Option(names = "--connect", description = "connect to every host that may have the mail: EHLO, STARTTLS, EHLO, QUIT")
    private boolean connect;

    @Option(names = "--require-tls", description = "as for a mail with REQUIRETLS (RFC 8689)")
    private boolean requireTls;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Option(names = "--set", paramLabel = "NAME=VALUE",
        description = "a parameter of SecureRemoteDelivery; wins over --conf. Once for each")
    private Map<String, String> parameters = new HashMap<>();

    @Option(names = "--dns", paramLabel = "SERVERS", description = "short for --set dnsServers=SERVERS")
    private String dns;

    @Option(names = "--port", paramLabel = "PORT", description = "short for --set policyPort=PORT")
    private String policyPort;

    @Option(names = "--smtp-port", paramLabel = "PORT", description = "short for --set smtpPort=PORT")
    private String smtpPort;

    @Option(names = "--trust-store", paramLabel = "FILE", description = "short for --set trustStore=FILE")
    private String trustStore;

    @Option(names = "--trust-anchors", paramLabel = "FILE", description = "short for --set trustAnchors=FILE")
    private String trustAnchors;

    @Option(names = "--allow-private", description = "short for --set allowPrivateAddresses=true")
    private boolean allowPrivate;

    @Override
    public Integer call() throws IOException, GeneralSecurityException {
        DomainName domain = domain();
        ServerSettings settings = settings();
        Clock clock = Clock.systemUTC();
        MemoryPolicyStore store = new MemoryPolicyStore();
        Optional<StoredPolicy> known = ofServer(settings, domain);
        known.ifPresent(store::save);
        DnsjavaDns resolver = new DnsjavaDns(settings.dns(), clock).start();
        WatchedDns watched = new WatchedDns(resolver);
        DryRunResult findings;
        try (GuardedHttpsClient https = new GuardedHttpsClient(watched, new HttpsSettings(settings.trustStore(), settings.guard()));
             SmtpConnector connector = new SmtpConnector(SmtpSettings.defaults(settings.heloName())
                 .withReadTimeout(PATIENCE));
             OutboundResources traffic = new OutboundResources(connector, ReuseLimits.none(), 1, 1)) {
            findings = rehearsal(settings, watched, https, store, traffic, clock)
                .run(domain, requireTls ? SenderTlsRequest.REQUIRED : SenderTlsRequest.AS_POLICY_SAYS);
        }
        Explanation explanation = new Explanation(findings, resolver.dnssec(), watched.lookUps(),
            store.find(domain), known.isPresent() && store.find(domain).map(StoredPolicy::fetched).equals(known.map(StoredPolicy::fetched))
                ? Explanation.PolicySource.SERVER : Explanation.PolicySource.FETCHED, clock.instant());
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.of(explanation.json()));
        } else {
            explanation.lines().forEach(out::println);
        }
        return explanation.exitCode().number();
    }

    private DryRun rehearsal(ServerSettings settings, WatchedDns dnsSeen, GuardedHttpsClient https, PolicyStore store,
        OutboundResources traffic,
                                Clock clock) throws IOException, GeneralSecurityException {
        RandomGenerator random = RandomGenerator.of("SecureRandom");
        StsPolicies policies = new StsPolicies(dnsSeen, new PolicyFetcher(https, settings.policyPort()), store,
            RefreshSchedule.daily(random), new StsWarnings(), clock);
        CertificateCheck certificates = settings.trustStore().isPresent()
            ? CertificateCheck.trusting(settings.trustStore().get()) : CertificateCheck.trustingJvm();
        return new DryRun(new Delivery.Lookups(new Destinations(dnsSeen, random),
            new HostLookup(dnsSeen, new TlsaRecords(dnsSeen, settings.dane()), settings.mandatoryDane()), policies), certificates, traffic,
            settings.guard(), settings.smtpPort(), clock, connect ? DryRun.Connecting.YES : DryRun.Connecting.NO);
    }

    /** The policy that the running server has for the domain; its store is neither made, nor changed, nor needed. */
    private Optional<StoredPolicy> ofServer(ServerSettings settings, DomainName domain) throws IOException {
        if (conf == null) {
            return Optional.empty();
        }
        Optional<DatabaseAddress> address = settings.database();
        if (address.isEmpty()) {
            return Optional.empty();
        }
        try (Database database = Database.toRead(address.get(), List.of(SqlPolicyStore.TABLES))) {
            return new SqlPolicyStore(database).find(domain);
        }
    }

    private ServerSettings settings() throws IOException {
        Map<String, String> values = new HashMap<>(conf == null ? Map.of() : JamesConfiguration.read(conf, Variables.ofProcess()));
        values.putAll(parameters);
        put(values, "dnsServers", dns);
        put(values, "policyPort", policyPort);
        put(values, "smtpPort", smtpPort);
        put(values, "trustStore", trustStore);
        put(values, "trustAnchors", trustAnchors);
        put(values, "allowPrivateAddresses", allowPrivate ? "true" : null);
        return ServerSettings.of(values, conf == null ? Path.of("conf") : conf);
    }

    private static void put(Map<String, String> values, String name, String value) {
        if (value != null) {
            values.put(name, value);
        }
    }

    private DomainName domain() {
        String text = recipient.substring(recipient.lastIndexOf('@') + 1);
        return DomainName.parse(text)
            .orElseThrow(() -> new ParameterException(spec.commandLine(), "'" + text + "' is not a domain name"));
    }
}
