package jamestls.tlsrpt.config;

import jakarta.mail.MessagingException;
import jamestls.config.Parameters;
import jamestls.tlsrpt.report.Address;
import jamestls.tlsrpt.report.Reporter;
import jamestls.tlsrpt.report.Reporters;
import jamestls.tlsrpt.send.ReportSchedule;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.mailet.MailetConfig;

/**
 * All parameters of {@code TlsReporting}, checked.
 *
 * @param reporters from {@code organization}, {@code contact} (required both), {@code from} (default: the contact) and
 *     {@code identities}
 * @param processor the James processor that signs and delivers report mails, in lower case; default {@code tlsreport}
 * @param administrators user names, in lower case, that may ask for the reports now; default nobody
 * @param dnsServers resolvers as {@code address[:port]} list; default: those James itself uses
 * @param schedule from {@code grace} (default 5 minutes, at most 12 hours) and {@code window} (default 4 hours, at most 12 hours)
 * @param storage where counts and records are kept, and how long
 * @param destinations where reports may go
 */
public record ReportingConfiguration(Reporters reporters, String processor, Set<String> administrators,
                                     Optional<String> dnsServers, ReportSchedule schedule, ReportStorage storage,
                                     DestinationSettings destinations) {

    private static final List<String> KNOWN = Stream.of(ReportStorage.NAMES, DestinationSettings.NAMES,
        List.of("organization", "contact", "from", "identities", "processor", "administrators", "dnsServers", "grace", "window"))
        .flatMap(List::stream).toList();
    private static final Duration MAX = Duration.ofHours(12);

    public ReportingConfiguration {
        administrators = Set.copyOf(administrators);
    }

    /**
     * Reads the parameters as they stand in mailetcontainer.xml.
     *
     * @throws MessagingException on the first that is unknown, missing or invalid
     */
    public static ReportingConfiguration of(MailetConfig config) throws MessagingException {
        Parameters parameters = Parameters.of(config, KNOWN, Map.of());
        String contact = address(parameters, "contact", parameters.required("contact", "a mail address for questions about reports"));
        return new ReportingConfiguration(
            reporters(parameters, new Reporter(organization(parameters), contact, from(parameters, contact))),
            processor(parameters),
            parameters.list("administrators").stream().map(name -> name.toLowerCase(Locale.ROOT)).collect(Collectors.toUnmodifiableSet()),
            parameters.text("dnsServers"),
            new ReportSchedule(duration(parameters, "grace", Duration.ofMinutes(5)), duration(parameters, "window", Duration.ofHours(4))),
            ReportStorage.of(parameters),
            DestinationSettings.of(parameters));
    }

    private static String organization(Parameters parameters) throws MessagingException {
        String name = parameters.required("organization", "your organization's name, as reports show it");
        if (name.length() > Reporter.MAX_ORGANIZATION || name.chars().anyMatch(Character::isISOControl)) {
            throw parameters.invalid("organization", name, "one line of at most " + Reporter.MAX_ORGANIZATION + " characters");
        }
        return name;
    }

    private static Reporters reporters(Parameters parameters, Reporter usual) throws MessagingException {
        String text = parameters.text("identities").orElse("");
        try {
            return Reporters.parse(usual, text);
        } catch (IllegalArgumentException e) {
            throw parameters.invalid("identities", text, "identities, one to a line, like 'example.net, example.com; Example Net; "
                + "tls@example.net; tls-reports@example.net'; " + e.getMessage());
        }
    }

    /** Who reports what no identity is configured for. */
    public Reporter reporter() {
        return reporters.usual();
    }

    private static String from(Parameters parameters, String contact) throws MessagingException {
        String from = address(parameters, "from", parameters.text("from").orElse(contact));
        if (!Address.domainOf(from).equals(Address.domainOf(contact))) {
            throw parameters.invalid("from", from, "an address in the contact's domain '" + Address.domainOf(contact)
                + "', because receivers want From, contact and DKIM signature to agree");
        }
        return from;
    }

    private static String processor(Parameters parameters) throws MessagingException {
        String name = parameters.text("processor").orElse("tlsreport");
        if (!name.matches("[A-Za-z0-9_.-]{1,100}")) {
            throw parameters.invalid("processor", name, "the name of a processor in mailetcontainer.xml");
        }
        // James turns processor names into lower case itself
        return name.toLowerCase(Locale.ROOT);
    }

    private static Duration duration(Parameters parameters, String name, Duration otherwise) throws MessagingException {
        return parameters.duration(name, otherwise, ChronoUnit.SECONDS, Duration.ZERO, MAX);
    }

    private static String address(Parameters parameters, String name, String text) throws MessagingException {
        Optional<String> address = Address.canonical(text);
        if (address.isEmpty()) {
            throw parameters.invalid(name, text, "a mail address like tls-reports@example.com");
        }
        return address.get();
    }
}
