package jamestls.tlsrpt.send;

import jamestls.config.ConfigurationException;
import jamestls.config.Parameters;
import jamestls.dns.DnsServers;
import jamestls.dns.DomainName;
import jamestls.tlsrpt.report.Reporters;
import jamestls.tlsrpt.store.Stores;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * All parameters of {@code TlsReporting}.
 *
 * @param reporters the reporting identities
 * @param processor James's processor that signs and delivers report mails, in lower case
 * @param administrators users, in lower case, who may request the reports
 * @param dnsServers DNS servers, at least one
 * @param schedule when reports are due
 * @param store database of counters and records
 * @param destinations settings about destinations
 */
public record TlsReportingSettings(Reporters reporters, String processor, Set<String> administrators, List<InetSocketAddress> dnsServers,
                                   ReportSchedule schedule, Stores.Settings store, DestinationSettings destinations) {

    /** Class name of the mailet in mailetcontainer.xml. */
    public static final String NAME = "TlsReporting";

    public TlsReportingSettings {
        administrators = Set.copyOf(administrators);
    }

    /**
     * Reads all parameters.
     *
     * @param defaultServers the DNS servers if no parameter names any
     * @throws ConfigurationException if a parameter is missing, unknown or invalid; the message names every mistake
     */
    public static TlsReportingSettings of(Parameters parameters, List<InetSocketAddress> defaultServers) throws ConfigurationException {
        TlsReportingSettings settings = new TlsReportingSettings(Reporters.of(parameters), processor(parameters),
            administrators(parameters), DnsServers.of(parameters, defaultServers), ReportSchedule.of(parameters),
                Stores.Settings.of(parameters),
            DestinationSettings.of(parameters));
        parameters.check();
        return settings;
    }

    private static String processor(Parameters parameters) {
        return parameters.read("processor", "tlsreport", "the name of a processor in mailetcontainer.xml", text -> {
            if (!text.matches("[A-Za-z0-9_.-]{1,100}")) {
                throw new IllegalArgumentException();
            }
            // James converts processor names to lower case
            return text.toLowerCase(Locale.ROOT);
        });
    }

    private static Set<String> administrators(Parameters parameters) {
        Set<String> users = new HashSet<>();
        for (String user : parameters.list("administrators")) {
            if (isUser(user)) {
                users.add(user.toLowerCase(Locale.ROOT));
            } else {
                parameters.invalid("administrators", "users of this server, separated by commas, like admin@example.com; '" + user
                    + "' is none");
            }
        }
        return users;
    }

    private static boolean isUser(String text) {
        int at = text.indexOf('@');
        return (at < 0 ? text : text.substring(0, at)).matches("[\\p{L}\\p{Nd}._+=~'&-]{1,64}")
            && (at < 0 || DomainName.parse(text.substring(at + 1)).isPresent());
    }
}
