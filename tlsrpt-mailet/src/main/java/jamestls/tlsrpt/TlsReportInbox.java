package jamestls.tlsrpt;

import jakarta.inject.Inject;
import jakarta.mail.MessagingException;
import jamestls.config.ConfigurationException;
import jamestls.config.Parameters;
import jamestls.dns.DnsServers;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.outcome.OwnDomainEvents;
import jamestls.outcome.TlsOutcomes;
import jamestls.rua.Address;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.dkim.DkimVerifier;
import jamestls.tlsrpt.inbox.Inbox;
import jamestls.tlsrpt.inbox.Inbox.Result;
import jamestls.tlsrpt.inbox.InboxSettings;
import jamestls.tlsrpt.inbox.InboxStore;
import jamestls.tlsrpt.inbox.ReportReader;
import jamestls.tlsrpt.send.Counters;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.james.core.MailAddress;
import org.apache.james.dnsservice.api.DNSService;
import org.apache.james.filesystem.api.FileSystem;
import org.apache.james.metrics.api.MetricFactory;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.Mail;
import org.apache.mailet.base.GenericMailet;

/**
 * Reads the TLS reports (RFC 8460) that others send about domains of this server, counts what they say, and raises alarms within minutes.
 *
 * <p>It must stand first in the processor {@code transport}: mailets before it could rewrite the address, or change the mail so that its
 * signature breaks.
 *
 * <pre><code>
 * &lt;mailet match="RecipientIs=tls-reports@example.org" class="jamestls.tlsrpt.TlsReportInbox"&gt;
 *   &lt;ownDomains&gt;example.org, example.com&lt;/ownDomains&gt;
 *   &lt;administrators&gt;admin@example.org&lt;/administrators&gt;
 * &lt;/mailet&gt;
 * </code></pre>
 *
 * <ul>
 * <li><b>ownDomains</b>: domains whose reports are counted, separated by commas, and MX hosts below them; default: the
 *     {@code ownDomains} of SecureRemoteDelivery.</li>
 * <li><b>administrators</b>: mail addresses that get the alarms, separated by commas; default: James's postmaster.</li>
 * <li><b>alarmRate</b>: rate of failed sessions of a domain and day over which there is an alarm; default {@code 5%}.</li>
 * <li><b>keep</b>: {@code true} (default): the mail goes on, to a mailbox; {@code false}: it ends here if its report was stored.</li>
 * <li><b>database</b>: location of the counts: {@code file://var/tlsinbox.sqlite} (default), {@code jdbc:postgresql://host/database}
 *     for several servers, with <b>databaseUser</b> and <b>databasePassword</b>, or {@code memory}.</li>
 * <li><b>retention</b>: how long counts are kept, 7d to 3660d; default {@code 400d}.</li>
 * <li><b>dnsServers</b>: like {@code 127.0.0.1:5353, 9.9.9.9}; default: those that James uses.</li>
 * </ul>
 *
 * <p>The mail gets the attribute {@code jamestls.received-report} with what became of its report ({@code counted}, {@code corrected},
 * {@code duplicate}, {@code unverified}, {@code not-counted}) and, unless it was counted, {@code jamestls.received-report-reason}.
 */
public class TlsReportInbox extends GenericMailet {

    /** Mail attribute: what became of the report. */
    public static final AttributeName RESULT = AttributeName.of("jamestls.received-report");
    /** Mail attribute: why the report was not counted, one line. */
    public static final AttributeName REASON = AttributeName.of("jamestls.received-report-reason");

    private final InboxService service;
    private final DNSService jamesDns;
    private final FileSystem files;
    private final MetricFactory metrics;
    private final Clock clock;
    private InboxSettings settings;
    private Optional<Inbox> inbox = Optional.empty();

    @Inject
    public TlsReportInbox(InboxService service, DNSService jamesDns, FileSystem files, MetricFactory metrics, Clock clock) {
        this.service = service;
        this.jamesDns = jamesDns;
        this.files = files;
        this.metrics = metrics;
        this.clock = clock;
    }

    @Override
    public void init() throws MessagingException {
        Parameters parameters = Parameters.of(InboxSettings.NAME, getMailetConfig().getInitParameterNames(),
            getMailetConfig()::getInitParameter, Parameters.ForeignNames.NONE, location -> files.getFile(location).toPath());
        try {
            settings = InboxSettings.of(parameters, DnsServers.ofJames(jamesDns));
            inbox = Optional.of(service.join(parameters.written(), this::open));
        } catch (ConfigurationException e) {
            throw new MessagingException(e.getMessage(), e);
        } catch (Database.Refused e) {
            throw new MessagingException(parameters.refusal("database", DatabaseAddress.ALLOWED + "; " + e.getMessage()).getMessage(), e);
        }
    }

    @Override
    public void destroy() {
        inbox.ifPresent(joined -> service.leave());
        inbox = Optional.empty();
    }

    /** Counts the report of a mail. The mail itself is not changed but for its attributes. */
    @Override
    public void service(Mail mail) {
        Inbox.Reading reading = inbox.orElseThrow().accept(() -> content(mail), size(mail), mail.getName());
        mail.setAttribute(new Attribute(RESULT, AttributeValue.of(word(reading.result()))));
        if (!reading.reason().isEmpty()) {
            mail.setAttribute(new Attribute(REASON, AttributeValue.of(reading.reason())));
        }
        if (reading.result() != Result.NOT_COUNTED && settings.readMails() == InboxSettings.ReadMails.END) {
            mail.setState(Mail.GHOST);
        }
    }

    @Override
    public String getMailetInfo() {
        return "TlsReportInbox: TLS reports (RFC 8460) about own domains";
    }

    private static byte[] content(Mail mail) throws IOException {
        BoundedCopy copy = new BoundedCopy(ReportReader.MAX_MAIL + 1);
        try {
            copy.read(mail.getMessage());
        } catch (MessagingException e) {
            throw new IOException(e.getMessage(), e);
        }
        return copy.toByteArray();
    }

    private static long size(Mail mail) {
        try {
            return mail.getMessageSize();
        } catch (MessagingException e) {
            // reading it tells the reason
            return 0;
        }
    }

    private static String word(Result result) {
        return result.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private Inbox open(OwnDomainEvents events, TlsOutcomes outcomes) {
        InboxStore store = InboxStore.open(settings.store().database(), InboxStore.Limits.DEFAULT, clock);
        DnsjavaDns dns = new DnsjavaDns(DnsSettings.of(settings.dnsServers()));
        Inbox.Network network = new Inbox.Network(new DkimVerifier(dns), this::sendAlarms);
        return new Inbox(settings, store, network, events, outcomes, Counters.of(metrics), clock);
    }

    /** @return whether James took the mail for at least one administrator */
    private boolean sendAlarms(String alarms) {
        // set last when James starts
        Optional<String> postmaster = Optional.ofNullable(getMailetContext().getPostmaster()).map(MailAddress::asString)
            .flatMap(Address::canonical);
        if (postmaster.isEmpty()) {
            return false;
        }
        List<String> recipients = settings.alarms().administrators().isEmpty() ? List.of(postmaster.get())
            : settings.alarms().administrators();
        AdminMail mail = new AdminMail(getMailetContext(), postmaster.get(), clock);
        String text = "TLS problems that began or were reported since the last message:\r\n\r\n" + alarms + "\r\n\r\n"
            + "There is one message for each cause and day. To see more:\r\n"
            + "  java -jar tlsrpt-mailet.jar received --conf CONF\r\n";
        boolean sent = false;
        for (String recipient : recipients) {
            sent |= mail.send(recipient, AdminMail.Kind.ALARM, "TLS alarm", text);
        }
        return sent;
    }
}
