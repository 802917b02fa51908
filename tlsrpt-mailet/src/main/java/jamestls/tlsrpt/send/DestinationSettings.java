package jamestls.tlsrpt.send;

import jamestls.config.Parameters;
import jamestls.https.GuardedHttpsClient.CertificateErrors;
import jamestls.https.HttpsSettings;
import jamestls.rua.Address;
import jamestls.rua.Rua;
import jamestls.tlsrpt.collect.CountingRules.MxHosts;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Settings about the destinations of reports.
 *
 * @param rules the operator's rules about destinations
 * @param mostPerHost maximum number of reports to one host per UTC day
 * @param minSessions minimum number of sessions per day and domain for a report
 * @param mxHosts whether DANE results are also reported to the MX host's domain
 * @param archive gets a copy of each report
 * @param https settings of the HTTPS client
 * @param certificateErrors what to do if an HTTPS destination has an invalid certificate
 */
public record DestinationSettings(DestinationRules rules, int mostPerHost, int minSessions, MxHosts mxHosts,
                                  Optional<Rua.Mailto> archive, HttpsSettings https, CertificateErrors certificateErrors) {

    private static final int MAX = 10_000_000;

    /** Reads the parameters about destinations. */
    public static DestinationSettings of(Parameters parameters) {
        Set<Integer> ports = parameters.read("httpsPorts", "443", "ports, separated by commas, like '443, 8443'",
            DestinationSettings::ports);
        HttpsSettings https = HttpsSettings.of(parameters);
        CertificateErrors errors = parameters.oneOf("certificateErrors", CertificateErrors.LOG, CertificateErrors.LOG,
            CertificateErrors.REFUSE);
        if (https.isResolvedByProxy() && errors == CertificateErrors.LOG) {
            // a stranger's name server could lead the proxy to any machine it reaches, and only the certificate would tell
            parameters.invalid("policyProxyConnect", "address; name only with 'certificateErrors' refuse");
        }
        return new DestinationSettings(
            parameters.read("destinations", "", "rules, one to a line, like 'deny .example.net', 'allow reports.example.org', "
                + "'replace old@example.com new@example.com', 'deny *'", text -> DestinationRules.parse(text, ports)),
            parameters.number("reportsPerHostAndDay", 1_000, 1, MAX),
            parameters.number("minSessions", 1, 1, MAX),
            parameters.flag("reportToMxHosts", true) ? MxHosts.REPORTED : MxHosts.NOT_REPORTED,
            parameters.read("bcc", "a mail address like tls-archive@example.com", DestinationSettings::archive),
            https, errors);
    }

    private static Set<Integer> ports(String text) {
        Set<Integer> ports = new TreeSet<>();
        for (String port : text.split(",")) {
            int number = Integer.parseInt(port.strip());
            if (number < 1 || number > 65_535) {
                throw new NumberFormatException();
            }
            ports.add(number);
        }
        return Set.copyOf(ports);
    }

    private static Rua.Mailto archive(String text) {
        return Address.canonical(text).map(address -> new Rua.Mailto("mailto:" + address, address))
            .orElseThrow(IllegalArgumentException::new);
    }
}
