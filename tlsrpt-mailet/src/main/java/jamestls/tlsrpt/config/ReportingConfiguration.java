package jamestls.tlsrpt.config;

import jamestls.tlsrpt.report.Reporter;
import jamestls.tlsrpt.send.ReportSchedule;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * All parameters of {@code TlsReporting}, checked.
 *
 * @param reporter from {@code organization}, {@code contact} (required both) and {@code from} (default: the contact)
 * @param processor the James processor that signs and delivers report mails, in lower case; default {@code tlsreport}
 * @param administrators user names, in lower case, that may ask for the reports now; default nobody
 * @param dnsServers the DNS servers to ask; empty for those that James uses
 * @param schedule from {@code grace} (default 5 minutes, at most 12 hours) and {@code window} (default 4 hours, at most 12 hours)
 */
public record ReportingConfiguration(Reporter reporter, String processor, Set<String> administrators,
                                     List<InetSocketAddress> dnsServers, ReportSchedule schedule) {

    public ReportingConfiguration {
        administrators = Set.copyOf(administrators);
        dnsServers = List.copyOf(dnsServers);
    }

    /**
     * Reads the parameters as they stand in mailetcontainer.xml.
     *
     * @throws ConfigurationFault on the first that is unknown, missing or invalid
     */
    public static ReportingConfiguration of(Map<String, String> parameters) {
        return new ParameterReader(parameters).read();
    }
}
