package jamestls.tlsrpt.config;

import jakarta.mail.MessagingException;
import jamestls.config.Parameters;
import jamestls.https.CertificateErrors;
import jamestls.tlsrpt.collect.CountingRules.MxHosts;
import jamestls.tlsrpt.report.Address;
import jamestls.tlsrpt.report.Rua;
import jamestls.tlsrpt.send.DestinationRules;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Where reports may go, and to whom besides.
 *
 * @param rules {@code destinations}, as {@link DestinationRules} reads them
 * @param httpsPorts {@code httpsPorts}: those that HTTPS destinations may name; default 443
 * @param mostPerHost {@code reportsPerHostAndDay}: 1 to 10,000,000; default 1,000
 * @param minSessions {@code minSessions}: a day and domain with fewer gets no report; default 1
 * @param mxHosts {@code reportToMxHosts}: whether what DANE came to is reported to the MX host's domain as well
 * @param archive {@code bcc}: gets a copy of each report
 * @param addresses {@code allowPrivateAddresses}: what HTTPS destinations may be
 * @param certificateErrors {@code certificateErrors}: {@code log} (default) or {@code refuse}
 * @param trustStore {@code trustStore}: PKCS#12 or JKS file with the authorities to trust, as James file URL
 * @param trustStorePassword empty for none
 */
public record DestinationSettings(String rules, Set<Integer> httpsPorts, int mostPerHost, int minSessions, MxHosts mxHosts,
                                  Optional<Rua.Mailto> archive, Addresses addresses, CertificateErrors certificateErrors,
                                  Optional<String> trustStore, String trustStorePassword) {

    /** What addresses HTTPS destinations may have. */
    public enum Addresses {
        PUBLIC_ONLY,
        /** For laboratories and private networks. */
        ANY
    }

    static final List<String> NAMES = List.of("destinations", "httpsPorts", "reportsPerHostAndDay", "minSessions", "reportToMxHosts", "bcc",
        "allowPrivateAddresses", "certificateErrors", "trustStore", "trustStorePassword");
    private static final int MANY = 10_000_000;

    public DestinationSettings {
        httpsPorts = Set.copyOf(httpsPorts);
    }

    static DestinationSettings of(Parameters parameters) throws MessagingException {
        Set<Integer> ports = ports(parameters);
        return new DestinationSettings(rules(parameters, ports), ports,
            parameters.number("reportsPerHostAndDay", 1_000, 1, MANY),
            parameters.number("minSessions", 1, 1, MANY),
            parameters.flag("reportToMxHosts", true) ? MxHosts.REPORTED : MxHosts.NOT_REPORTED,
            archive(parameters),
            parameters.flag("allowPrivateAddresses", false) ? Addresses.ANY : Addresses.PUBLIC_ONLY,
            certificateErrors(parameters),
            parameters.text("trustStore"),
            parameters.text("trustStorePassword").orElse(""));
    }

    /** The rules, ready for use. */
    public DestinationRules destinationRules() {
        return DestinationRules.parse(rules, httpsPorts);
    }

    private static String rules(Parameters parameters, Set<Integer> ports) throws MessagingException {
        String text = parameters.text("destinations").orElse("");
        try {
            DestinationRules.parse(text, ports);
            return text;
        } catch (IllegalArgumentException e) {
            throw parameters.invalid("destinations", text, "rules, one to a line, like 'deny .example.net', 'allow reports.example.org', "
                + "'replace old@example.com new@example.com', 'deny *'; " + e.getMessage());
        }
    }

    private static Set<Integer> ports(Parameters parameters) throws MessagingException {
        Set<Integer> ports = new TreeSet<>();
        for (String port : parameters.text("httpsPorts").orElse("443").split(",")) {
            if (!port.strip().matches("[1-9][0-9]{0,4}") || Integer.parseInt(port.strip()) > 65_535) {
                throw parameters.invalid("httpsPorts", port, "ports, separated by commas, like '443, 8443'");
            }
            ports.add(Integer.parseInt(port.strip()));
        }
        return ports;
    }

    private static Optional<Rua.Mailto> archive(Parameters parameters) throws MessagingException {
        Optional<String> text = parameters.text("bcc");
        Optional<Rua.Mailto> archive = text.flatMap(Address::canonical).map(address -> new Rua.Mailto("mailto:" + address, address));
        if (text.isPresent() && archive.isEmpty()) {
            throw parameters.invalid("bcc", text.get(), "a mail address like tls-archive@example.com");
        }
        return archive;
    }

    private static CertificateErrors certificateErrors(Parameters parameters) throws MessagingException {
        String value = parameters.text("certificateErrors").orElse("log");
        return switch (value) {
            case "log" -> CertificateErrors.LOG;
            case "refuse" -> CertificateErrors.REFUSE;
            default -> throw parameters.invalid("certificateErrors", value, "log or refuse");
        };
    }

    @Override
    public String toString() {
        return "DestinationSettings[" + rules + "]";
    }
}
