package jamestls.tlsrpt;

import jakarta.inject.Inject;
import jakarta.mail.MessagingException;
import jamestls.config.ConfigurationException;
import jamestls.config.MailetContainerXml;
import jamestls.config.Parameters;
import jamestls.config.Variables;
import jamestls.dns.Dns;
import jamestls.dns.DnsServers;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.https.GuardedHttpsClient;
import jamestls.net.SanitizedLogger;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.dkim.DkimConfigCheck;
import jamestls.tlsrpt.report.MailIds;
import jamestls.tlsrpt.report.Reporters;
import jamestls.tlsrpt.report.ReturnedMail;
import jamestls.tlsrpt.send.DestinationSettings;
import jamestls.tlsrpt.send.HttpsTransport;
import jamestls.tlsrpt.send.MailTransport;
import jamestls.tlsrpt.send.ReportNow;
import jamestls.tlsrpt.send.ReportTransport;
import jamestls.tlsrpt.send.TlsReportingSettings;
import jamestls.tlsrpt.store.Stores;
import java.io.IOException;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.james.dnsservice.api.DNSService;
import org.apache.james.filesystem.api.FileSystem;
import org.apache.james.metrics.api.MetricFactory;
import org.apache.mailet.AttributeUtils;
import org.apache.mailet.Mail;
import org.apache.mailet.ProcessingState;
import org.apache.mailet.base.GenericMailet;

/**
 * Sends daily TLS reports (RFC 8460) about the deliveries of {@code SecureRemoteDelivery} to the domains that ask for them.
 *
 * <p>It runs in the background from the moment James starts. A mail that reaches the mailet is a request to send the reports now.
 * Use a matcher that matches only such mails, and configure a processor that signs and delivers report mails:
 *
 * <pre><code>
 * &lt;mailet match="RecipientIs=tls-reports-now@example.com" class="jamestls.tlsrpt.TlsReporting"&gt;
 *   &lt;organization&gt;Example Ltd&lt;/organization&gt;
 *   &lt;contact&gt;tls-reports@example.com&lt;/contact&gt;
 *   &lt;administrators&gt;admin@example.com&lt;/administrators&gt;
 * &lt;/mailet&gt;
 * </code></pre>
 *
 * <ul>
 * <li><b>organization</b> (required): name of your organization, shown in reports.</li>
 * <li><b>contact</b> (required): mail address for questions about reports; its domain is the report submitter and should be the
 *     domain of the DKIM signature.</li>
 * <li><b>from</b>: From and MAIL FROM of report mails, in the contact's domain; default: the contact.</li>
 * <li><b>identities</b>: further reporting identities for some sending domains, one per line:
 *     {@code example.net, example.com; Example Net Ltd; tls@example.net; tls-reports@example.net} (sending domains, organization,
 *     contact, from).</li>
 * <li><b>processor</b>: James processor that signs and delivers report mails; default {@code tlsreport}.</li>
 * <li><b>administrators</b>: users, separated by commas, who may request reports by an authenticated mail to this mailet. The mailet
 *     then reports everything counted so far, including the current day, and replies with a summary; default nobody. Bounces
 *     that reach this mailet are examined and passed on: an address that bounced a report gets none for a week.</li>
 * <li><b>dnsServers</b>: like {@code 127.0.0.1:5353, 9.9.9.9}; default: those that James uses.</li>
 * <li><b>grace</b>: time after midnight UTC before the first report of a day is sent, 0s to 12h; default {@code 5m}.</li>
 * <li><b>window</b>: time over which a day's reports are spread, 0s to 12h; default {@code 4h}.</li>
 * <li><b>destinations</b>: rules about destinations, one per line: {@code allow reports.example.org},
 *     {@code deny .example.net}, {@code replace old@example.com new@example.com}, {@code deny *}.</li>
 * <li><b>reportsPerHostAndDay</b>: maximum number of reports to one host per UTC day; default 1000.</li>
 * <li><b>minSessions</b>: minimum number of sessions per day and domain for a report; default 1.</li>
 * <li><b>reportToMxHosts</b>: whether MX hosts with TLSA records can get reports of their own; default true.</li>
 * <li><b>bcc</b>: an address that gets a copy of each report.</li>
 * <li><b>httpsPorts</b>, <b>allowPrivateAddresses</b>, <b>certificateErrors</b> ({@code log} or {@code refuse}),
 *     <b>trustStore</b>, <b>trustStorePassword</b>, <b>policyProxy</b>, <b>policyProxyConnect</b>: settings for HTTPS destinations.</li>
 * <li><b>database</b>: location of counters and delivery records: {@code file://var/tlsreports.sqlite} (default), or for several
 *     servers {@code jdbc:postgresql://host/database} with <b>databaseUser</b> and <b>databasePassword</b>.</li>
 * <li><b>retention</b>: how long counters and records are kept, 3d to 366d; default {@code 14d}.</li>
 * </ul>
 */
public class TlsReporting extends GenericMailet {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(TlsReporting.class);

    private final ReportingService service;
    private final DNSService jamesDns;
    private final FileSystem files;
    private final MetricFactory metrics;
    private final Clock clock;
    private TlsReportingSettings settings;
    private Optional<Reporting> reporting = Optional.empty();

    @Inject
    public TlsReporting(ReportingService service, DNSService jamesDns, FileSystem files, MetricFactory metrics, Clock clock) {
        this.service = service;
        this.jamesDns = jamesDns;
        this.files = files;
        this.metrics = metrics;
        this.clock = clock;
    }

    @Override
    public void init() throws MessagingException {
        Parameters parameters = Parameters.of(TlsReportingSettings.NAME, getMailetConfig().getInitParameterNames(),
            getMailetConfig()::getInitParameter, Parameters.ForeignNames.NONE, location -> files.getFile(location).toPath());
        try {
            settings = TlsReportingSettings.of(parameters, DnsServers.ofJames(jamesDns));
            reporting = Optional.of(service.join(parameters.written(), this::open));
        } catch (ConfigurationException e) {
            throw new MessagingException(e.getMessage(), e);
        } catch (Database.Refused e) {
            throw new MessagingException(parameters.refusal("database", DatabaseAddress.ALLOWED + "; " + e.getMessage()).getMessage(), e);
        }
    }

    @Override
    public void destroy() {
        reporting.ifPresent(joined -> service.leave());
        reporting = Optional.empty();
    }

    /**
     * Handles a request to send the reports now, or a bounce of a report mail. Only an administrator's request is consumed; any other
     * mail continues unchanged.
     */
    @Override
    public void service(Mail mail) {
        // RFC 3464 §2: bounces have the null reverse path
        if (!mail.hasSender()) {
            handleBounce(mail);
            return;
        }
        Optional<String> administrator = AttributeUtils.getValueAndCastFromMail(mail, Mail.SMTP_AUTH_USER, String.class)
            .filter(user -> settings.administrators().contains(user.toLowerCase(Locale.ROOT)));
        if (administrator.isEmpty()) {
            LOGGER.warn("tlsreport: mail {} requests reports but its sender is no administrator; passing it on", mail.getName());
            return;
        }
        reportNow(administrator.get(), AdminMail.recipient(administrator.get(), mail));
        mail.setState(Mail.GHOST);
    }

    @Override
    public Collection<ProcessingState> requiredProcessingState() {
        return List.of(new ProcessingState(settings.processor()));
    }

    @Override
    public String getMailetInfo() {
        return "TlsReporting: daily TLS reports (RFC 8460)";
    }

    private void handleBounce(Mail mail) {
        BoundedCopy head = new BoundedCopy(ReturnedMail.MAX);
        try {
            if (mail.getMessage().isMimeType("multipart/report")) {
                head.read(mail.getMessage());
                reporting.orElseThrow().handleBounce(head.toByteArray());
            }
        } catch (MessagingException | IOException | StorageOutage e) {
            LOGGER.warn("tlsreport: bounce {} could not be read; passing it on", mail.getName(), e);
        }
    }

    private void reportNow(String administrator, Optional<String> recipient) {
        AdminMail reply = new AdminMail(getMailetContext(), settings.reporters().defaultReporter().from(), clock);
        ReportNow.Start start = reporting.orElseThrow().reportNow()
            .start(text -> recipient.ifPresent(to -> reply.send(to, AdminMail.Kind.REPLY, "TLS reports", text)));
        LOGGER.info("tlsreport: {} requested the reports: {}", administrator, start);
        if (start == ReportNow.Start.ALREADY_RUNNING) {
            recipient.ifPresent(to -> reply.send(to, AdminMail.Kind.REPLY, "TLS reports",
                "Reports are already being sent. Try again when that run has finished.\r\n"));
        }
    }

    /** Problems in the DKIM configuration, by author domain. James signs the mails; only its configuration can be checked here. */
    private Map<DomainName, List<String>> signingProblems() {
        try {
            MailetContainerXml xml = MailetContainerXml.read(files.getFile("file://conf/mailetcontainer.xml").toPath(),
                Variables.ofProcess());
            Map<DomainName, List<String>> problems = DkimConfigCheck.problems(xml, settings.processor(),
                settings.reporters().all().stream().map(Reporters.Reporter::submitter).toList());
            problems.values().forEach(each -> each.forEach(problem -> LOGGER.warn("tlsreport: {}", problem)));
            return problems;
        } catch (ConfigurationException | IOException e) {
            LOGGER.info("tlsreport: the DKIM configuration of report mails could not be checked: {}", e.getMessage());
            return Map.of();
        }
    }

    /** James sets its postmaster last when it configures the context of mailets, after the queue for the mails they send. */
    private boolean serverTakesMail() {
        return getMailetContext().getPostmaster() != null;
    }

    private Reporting open() {
        Stores stores = Stores.open(settings.store().database(), clock);
        Dns dns = new DnsjavaDns(DnsSettings.of(settings.dnsServers()));
        DestinationSettings destinations = settings.destinations();
        GuardedHttpsClient https = GuardedHttpsClient.forReports(dns, destinations.https(), destinations.certificateErrors());
        MailIds.Shared ids = new MailIds.Shared(stores.destinations());
        ReportTransport.ByScheme transports = new ReportTransport.ByScheme(
            new MailTransport(getMailetContext(), settings.processor(), ids, clock),
            new HttpsTransport(https::exchange));
        Reporting.Network network = new Reporting.Network(dns, transports, ids, this::serverTakesMail, https::close);
        return new Reporting(settings, stores, network, signingProblems(), metrics, clock);
    }
}
