package jamestls.tlsrpt.report;

import jamestls.config.Parameters;
import jamestls.dns.DomainName;
import jamestls.rua.Address;
import jamestls.tlsrpt.store.TallyKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The reporting identities.
 *
 * @param defaultReporter default identity, for sending domains without their own
 * @param bySender other identities, by sending domain
 */
public record Reporters(Reporter defaultReporter, Map<DomainName, Reporter> bySender) {

    /** Placeholder for a missing contact, so that the other parameters are checked, too. */
    private static final String NOBODY = "nobody@missing.invalid";

    public Reporters {
        bySender = Map.copyOf(bySender);
    }

    /** A single identity for all sending domains. */
    public static Reporters one(Reporter defaultReporter) {
        return new Reporters(defaultReporter, Map.of());
    }

    /** Reads the parameters {@code organization}, {@code contact}, {@code from} and {@code identities}. */
    public static Reporters of(Parameters parameters) {
        String organization = parameters.required("organization", "your organization's name, as reports show it: one line of at most "
            + Reporter.MAX_ORGANIZATION + " characters", "?", Reporters::organization);
        String contact = parameters.required("contact", "a mail address for questions about reports, like tls-reports@example.com",
            NOBODY, Reporters::address);
        String from = parameters.read("from", "an address in the contact's domain, like tls-reports@example.com", Reporters::address)
            .orElse(contact);
        if (!Address.domainOf(from).equals(Address.domainOf(contact))) {
            if (!contact.equals(NOBODY)) {
                parameters.invalid("from", "an address in the contact's domain '" + Address.domainOf(contact)
                    + "', because receivers want From, contact and DKIM signature to agree");
            }
            from = contact;
        }
        Reporter defaultReporter = new Reporter(organization, contact, from);
        return parameters.read("identities", "", "identities, one to a line, like 'example.net, example.com; Example Net; "
            + "tls@example.net; tls-reports@example.net'", text -> parse(defaultReporter, text));
    }

    private static String organization(String text) {
        if (text.length() > Reporter.MAX_ORGANIZATION || text.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException();
        }
        return text;
    }

    private static String address(String text) {
        return Address.canonical(text).orElseThrow(IllegalArgumentException::new);
    }

    /**
     * Parses identities, one per line: {@code sending-domain[, sending-domain…]; organization; contact[; from]}.
     *
     * @throws IllegalArgumentException if a line is invalid; the message names the first one
     */
    public static Reporters parse(Reporter defaultReporter, String text) {
        Map<DomainName, Reporter> bySender = new HashMap<>();
        Map<DomainName, Reporter> bySubmitter = new HashMap<>(Map.of(defaultReporter.submitter(), defaultReporter));
        for (String line : text.split("[\\r\\n]+")) {
            if (!line.isBlank()) {
                Identity identity = Identity.of(line.strip());
                DomainName submitter = identity.reporter().submitter();
                if (bySubmitter.putIfAbsent(submitter, identity.reporter()) != null) {
                    throw new IllegalArgumentException("'" + line.strip() + "': there is another identity with a contact in " + submitter);
                }
                for (DomainName sender : identity.senders()) {
                    if (bySender.putIfAbsent(sender, identity.reporter()) != null) {
                        throw new IllegalArgumentException("'" + line.strip() + "': there is another identity for " + sender);
                    }
                }
            }
        }
        return new Reporters(defaultReporter, bySender);
    }

    private record Identity(List<DomainName> senders, Reporter reporter) {

        static Identity of(String line) {
            String[] fields = line.split("\\s*;\\s*");
            if (fields.length < 3 || fields.length > 4 || fields[1].isEmpty() || fields[1].length() > Reporter.MAX_ORGANIZATION) {
                throw new IllegalArgumentException("'" + line + "' is not 'sending-domain; organization; contact; from'");
            }
            List<DomainName> senders = new ArrayList<>();
            for (String sender : fields[0].split("\\s*,\\s*")) {
                senders.add(DomainName.parse(sender)
                    .orElseThrow(() -> new IllegalArgumentException("'" + line + "': '" + sender + "' is no domain")));
            }
            String contact = address(line, fields[2]);
            String from = fields.length == 4 ? address(line, fields[3]) : contact;
            if (!Address.domainOf(contact).equals(Address.domainOf(from))) {
                throw new IllegalArgumentException("'" + line + "': contact and from have different domains");
            }
            return new Identity(senders, new Reporter(fields[1], contact, from));
        }

        private static String address(String line, String text) {
            return Address.canonical(text)
                .orElseThrow(() -> new IllegalArgumentException("'" + line + "': '" + text + "' is no mail address"));
        }
    }

    /** The identity of a report; the default identity if that of the report is not configured any more. */
    public Reporter of(TallyKey key) {
        return key.submitter().flatMap(submitter -> all().stream().filter(each -> each.submitter().equals(submitter)).findFirst())
            .orElse(defaultReporter);
    }

    /** All identities, the default identity first. */
    public List<Reporter> all() {
        List<Reporter> all = new ArrayList<>(List.of(defaultReporter));
        bySender.values().stream().distinct().sorted((a, b) -> a.contact().compareTo(b.contact())).forEach(all::add);
        return all;
    }

    /** The submitters of the other identities, by sending domain. */
    public Map<DomainName, DomainName> submitters() {
        Map<DomainName, DomainName> submitters = new HashMap<>();
        bySender.forEach((sender, reporter) -> submitters.put(sender, reporter.submitter()));
        return submitters;
    }

    /**
     * A reporting identity.
     *
     * @param organization value of {@code organization-name}
     * @param contact value of {@code contact-info}, a canonical mail address (RFC 8460 §4.4)
     * @param from address for From and MAIL FROM of report mails, in the domain of {@code contact}, which signs the mails (RFC 8460 §3,
     *     §5.3)
     */
    public record Reporter(String organization, String contact, String from) {

        /** Maximum length of {@code organization} in characters. */
        public static final int MAX_ORGANIZATION = 200;

        public Reporter {
            if (!Address.domainOf(contact).equals(Address.domainOf(from))) {
                throw new IllegalArgumentException("from and contact have different domains");
            }
        }

        /** The domain of the contact, which is the submitter of the reports (RFC 8460 §5.3). */
        public DomainName submitter() {
            return Address.domainOf(contact);
        }
    }
}
