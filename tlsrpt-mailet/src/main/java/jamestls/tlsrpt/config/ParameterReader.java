package jamestls.tlsrpt.config;

import jamestls.mtasts.dns.DnsServers;
import jamestls.tlsrpt.report.Address;
import jamestls.tlsrpt.report.Reporter;
import jamestls.tlsrpt.send.ReportSchedule;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.james.util.DurationParser;

/** Reads text into a {@link ReportingConfiguration}, and complains in words an operator can act upon. */
final class ParameterReader {

    private static final ParameterNames NAMES = new ParameterNames(List.of("organization", "contact", "from", "processor",
        "administrators", "dnsServers", "grace", "window", "onMailetException"));
    private static final Duration LONGEST = Duration.ofHours(12);
    private static final int LONGEST_ORGANIZATION = 200;

    private final Map<String, String> parameters;

    ParameterReader(Map<String, String> parameters) {
        this.parameters = parameters;
    }

    ReportingConfiguration read() {
        refuseUnknown();
        String contact = address("contact").orElseThrow(() -> missing("contact", "a mail address for questions about reports"));
        return new ReportingConfiguration(
            new Reporter(organization(), contact, from(contact)),
            processor(),
            administrators(),
            dnsServers(),
            new ReportSchedule(duration("grace", Duration.ofMinutes(5)), duration("window", Duration.ofHours(4))));
    }

    private void refuseUnknown() {
        parameters.keySet().stream().filter(name -> !NAMES.contains(name)).findFirst().ifPresent(name -> {
            throw new ConfigurationFault("TlsReporting has no parameter '" + name + "' (value '" + parameters.get(name) + "')"
                + NAMES.nearest(name).map(near -> "; did you mean '" + near + "'?").orElse("; it has: " + NAMES));
        });
    }

    private String organization() {
        String name = text("organization").orElseThrow(() -> missing("organization", "your organization's name, as reports show it"));
        if (name.length() > LONGEST_ORGANIZATION || name.chars().anyMatch(Character::isISOControl)) {
            throw invalid("organization", name, "one line of at most " + LONGEST_ORGANIZATION + " characters");
        }
        return name;
    }

    private String from(String contact) {
        String from = address("from").orElse(contact);
        if (!Address.domainOf(from).equals(Address.domainOf(contact))) {
            throw invalid("from", from, "an address in the contact's domain '" + Address.domainOf(contact)
                + "', because receivers want From, contact and DKIM signature to agree");
        }
        return from;
    }

    private String processor() {
        String name = text("processor").orElse("tlsreport");
        if (!name.matches("[A-Za-z0-9_.-]{1,100}")) {
            throw invalid("processor", name, "the name of a processor in mailetcontainer.xml");
        }
        // James turns processor names into lower case itself
        return name.toLowerCase(Locale.ROOT);
    }

    private Set<String> administrators() {
        return list("administrators").stream().map(name -> name.toLowerCase(Locale.ROOT)).collect(Collectors.toUnmodifiableSet());
    }

    private List<InetSocketAddress> dnsServers() {
        Optional<String> text = text("dnsServers");
        try {
            return text.map(DnsServers::parse).orElse(List.of());
        } catch (IllegalArgumentException e) {
            throw invalid("dnsServers", text.orElseThrow(), "IP addresses like 9.9.9.9, 127.0.0.1:5353 or [::1]:53, separated by commas");
        }
    }

    private Duration duration(String name, Duration otherwise) {
        Optional<String> text = text(name);
        if (text.isEmpty()) {
            return otherwise;
        }
        String allowed = "a duration from 0s to " + LONGEST.toHours() + "h, like 30s, 5m or 4h";
        try {
            Duration duration = DurationParser.parse(text.get(), ChronoUnit.SECONDS);
            if (duration.isNegative() || duration.compareTo(LONGEST) > 0) {
                throw invalid(name, text.get(), allowed);
            }
            return duration;
        } catch (IllegalArgumentException | ArithmeticException notOne) {
            throw invalid(name, text.get(), allowed);
        }
    }

    private Optional<String> address(String name) {
        return text(name).map(text -> Address.canonical(text)
            .orElseThrow(() -> invalid(name, text, "a mail address like tls-reports@example.com")));
    }

    private List<String> list(String name) {
        return text(name).stream()
            .flatMap(text -> Arrays.stream(text.split(",")))
            .map(String::strip)
            .filter(item -> !item.isEmpty())
            .toList();
    }

    private Optional<String> text(String name) {
        return Optional.ofNullable(parameters.get(name)).map(String::strip).filter(text -> !text.isEmpty());
    }

    private static ConfigurationFault missing(String name, String what) {
        return new ConfigurationFault("TlsReporting needs the parameter '" + name + "': " + what);
    }

    private static ConfigurationFault invalid(String name, String value, String allowed) {
        return new ConfigurationFault("TlsReporting: '" + value + "' is no valid '" + name + "'; it must be " + allowed);
    }
}
