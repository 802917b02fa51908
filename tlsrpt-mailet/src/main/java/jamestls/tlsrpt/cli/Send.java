package jamestls.tlsrpt.cli;

import jamestls.dns.AddressGuard;
import jamestls.dns.Dns;
import jamestls.dns.DomainName;
import jamestls.https.CertificateErrors;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsSettings;
import jamestls.mtasts.direct.DirectMail;
import jamestls.storage.Database;
import jamestls.tlsrpt.report.Address;
import jamestls.tlsrpt.report.MailIds;
import jamestls.tlsrpt.report.Reporter;
import jamestls.tlsrpt.report.Reporters;
import jamestls.tlsrpt.report.Rua;
import jamestls.tlsrpt.send.Counters;
import jamestls.tlsrpt.send.DestinationGuard;
import jamestls.tlsrpt.send.HttpsTransport;
import jamestls.tlsrpt.send.ReportLog;
import jamestls.tlsrpt.send.ReportResult;
import jamestls.tlsrpt.send.ReportRun;
import jamestls.tlsrpt.send.ReportSchedule;
import jamestls.tlsrpt.send.ReportSettings;
import jamestls.tlsrpt.send.SuppressionList;
import jamestls.tlsrpt.send.Transports;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.Stores;
import jamestls.tlsrpt.store.TallyKey;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
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
import picocli.CommandLine.Spec;

/** Sends the reports of a day while James is down. */
@Command(name = "send", mixinStandardHelpOptions = true,
    description = "Sends the reports about a day now, without James: mails signed with the key of DKIMSign straight to the hosts of "
        + "their addresses, and to HTTPS destinations as always. What James or another one has claimed is left to that one, so no "
        + "report goes out twice even if James runs.")
final class Send implements Callable<Integer> {

    private static final int SMTP = 25;
    private static final DomainName ANY = new DomainName("example");

    @Spec
    private CommandSpec spec;

    @Option(names = "--day", paramLabel = "YYYY-MM-DD", required = true, description = "the UTC day")
    private LocalDate day;

    @Option(names = "--domain", paramLabel = "DOMAIN", description = "only the report about this domain")
    private String domain;

    @Option(names = "--relay", paramLabel = "HOST[:PORT]", description = "hand all mails to this server, in place of the addresses' hosts")
    private String relay;

    @Option(names = "--json", description = "print one JSON array")
    private boolean json;

    @Mixin
    private JamesConf conf;

    private final Clock clock = Clock.systemUTC();

    @Override
    public Integer call() throws IOException, GeneralSecurityException {
        Optional<DomainName> name = Optional.ofNullable(domain).map(DomainName::of);
        if (ReportSchedule.isTooOld(new TallyKey(day, name.orElse(ANY)), clock.instant())) {
            throw new ParameterException(spec.commandLine(), "reports are sent up to 48 hours after the day's end; " + day
                + " is older: preview --day " + day + " prints what was counted");
        }
        Reporters reporters = conf.reporters();
        SigningKeys keys = SigningKeys.of(conf);
        for (Reporter reporter : reporters.all()) {
            if (!keys.has(reporter.submitter())) {
                throw new IOException("receivers ignore mails that are not signed, and there is no DKIMSign with d="
                    + reporter.submitter() + " in the processor that TlsReporting names");
            }
        }
        Dns dns = conf.dns();
        List<ReportResult> results = new ArrayList<>();
        try (Database database = conf.database();
             GuardedHttpsClient https = GuardedHttpsClient.forReports(dns, httpsSettings(), certificateErrors());
             DirectMail mail = new DirectMail(dns, heloName(reporters.usual()), guard("SecureRemoteDelivery"), smtpPort(), wayOut())) {
            Stores stores = Stores.in(database);
            SuppressionList dead = new SuppressionList(stores.destinations(), clock);
            DestinationGuard guard = guard(stores, dead);
            MailIds ids = new MailIds(stores.destinations().secret());
            Transports transports = new Transports(new DirectTransport(mail, keys, ids, dead, clock), new HttpsTransport(https::exchange));
            new ReportRun(new ReportSettings(reporters, guard, number("minSessions", 1), archive()), stores.tallies(), stores.reports(),
                dns, transports, new ReportLog(Counters.none()), clock).run(due(), key -> isWanted(key, name), results::add);
            guard.save();
        }
        print(results);
        return results.isEmpty() ? Main.NOTHING : results.stream().allMatch(Send::isInOrder) ? Main.OK : Main.PROBLEM;
    }

    /** What was postponed is tried now: somebody asks for it. */
    private Due due() {
        Instant now = clock.instant();
        return new Due(day, now, Due.everything(now).postponedUntil());
    }

    private boolean isWanted(TallyKey key, Optional<DomainName> name) {
        return key.day().equals(day) && name.filter(wanted -> !wanted.equals(key.domain())).isEmpty();
    }

    private static boolean isInOrder(ReportResult result) {
        return result instanceof ReportResult.Sent || result instanceof ReportResult.NotWanted;
    }

    private void print(List<ReportResult> results) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            List<Map<String, Object>> all = results.stream().map(result -> Json.object("day", result.tally().key().day().toString(),
                "domain", result.tally().key().domain().ascii(), "part", result.tally().part().number(), "result", result.word(),
                "sessions", result.tally().sessions(), "failed", result.tally().failedSessions(), "detail", result.detail())).toList();
            out.println(Json.of(all));
        } else if (results.isEmpty()) {
            out.println("there is nothing to send for " + day + ", or somebody else has it: see show --day " + day);
        } else {
            results.forEach(result -> out.println(result.tally().key().day() + "  " + result.tally().key().domain() + "  " + result.word()
                + "  " + ReportLog.printable(result.detail())));
        }
    }

    private DestinationGuard guard(Stores stores, SuppressionList dead) {
        return new DestinationGuard(conf.rules(), number("reportsPerHostAndDay", 1_000), stores.destinations(), dead, Counters.none(),
            clock);
    }

    private Optional<Rua.Mailto> archive() {
        return conf.parameter("bcc").flatMap(Address::canonical).map(address -> new Rua.Mailto("mailto:" + address, address));
    }

    private HttpsSettings httpsSettings() throws IOException, GeneralSecurityException {
        Optional<String> location = conf.parameter("trustStore");
        if (location.isEmpty()) {
            return new HttpsSettings(Optional.empty(), guard("TlsReporting"));
        }
        Path file = conf.located(location.get());
        KeyStore trust = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            trust.load(in, conf.parameter("trustStorePassword").orElse("").toCharArray());
        }
        return new HttpsSettings(Optional.of(trust), guard("TlsReporting"));
    }

    private CertificateErrors certificateErrors() {
        return conf.parameter("certificateErrors").orElse("log").equals("refuse") ? CertificateErrors.REFUSE : CertificateErrors.LOG;
    }

    private AddressGuard guard(String mailet) {
        return delivery(mailet, "allowPrivateAddresses").filter("true"::equals).isPresent()
            ? AddressGuard.anywhere() : AddressGuard.publicOnly();
    }

    private String heloName(Reporter reporter) {
        return delivery("SecureRemoteDelivery", "heloName").orElse(reporter.submitter().ascii());
    }

    private int smtpPort() {
        return delivery("SecureRemoteDelivery", "smtpPort").map(Integer::valueOf).orElse(SMTP);
    }

    private Optional<String> delivery(String mailet, String parameter) {
        return conf.mailets().stream().filter(each -> each.is(mailet)).findFirst().flatMap(each -> each.parameter(parameter));
    }

    private Optional<DirectMail.Relay> wayOut() {
        if (relay == null) {
            return Optional.empty();
        }
        int colon = relay.lastIndexOf(':');
        String port = colon < 0 ? String.valueOf(SMTP) : relay.substring(colon + 1);
        if (!port.matches("[0-9]{1,5}")) {
            throw new ParameterException(spec.commandLine(), "'" + relay + "' is not a host and a port");
        }
        return Optional.of(new DirectMail.Relay(colon < 0 ? relay : relay.substring(0, colon), Integer.parseInt(port)));
    }

    private int number(String parameter, int otherwise) {
        return conf.parameter(parameter).map(Integer::valueOf).orElse(otherwise);
    }
}
