package jamestls.tlsrpt.report;

import jamestls.config.Parameters;
import jamestls.dns.DomainName;
import jamestls.tlsrpt.store.TallyKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Who reports for whom.
 *
 * @param usual for all that have no identity of their own
 * @param bySender identities by the sending domains they stand for
 */
public record Reporters(Reporter usual, Map<DomainName, Reporter> bySender) {

    /** Stands for a contact that is missing while the other parameters are read. */
    private static final String NOBODY = "nobody@missing.invalid";

    public Reporters {
        bySender = Map.copyOf(bySender);
    }

    public static Reporters one(Reporter usual) {
        return new Reporters(usual, Map.of());
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
        Reporter usual = new Reporter(organization, contact, from);
        return parameters.read("identities", "", "identities, one to a line, like 'example.net, example.com; Example Net; "
            + "tls@example.net; tls-reports@example.net'", text -> parse(usual, text));
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
     * Reads identities, one to a line: {@code sending-domain[, sending-domain…]; organization; contact[; from]}.
     *
     * @throws IllegalArgumentException on the first that is none; the message names it
     */
    public static Reporters parse(Reporter usual, String text) {
        Map<DomainName, Reporter> bySender = new HashMap<>();
        Map<DomainName, Reporter> bySubmitter = new HashMap<>(Map.of(usual.submitter(), usual));
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
        return new Reporters(usual, bySender);
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

    /** Who reports that; the usual one if the identity that it was counted for is not configured any more. */
    public Reporter of(TallyKey key) {
        return key.submitter().flatMap(submitter -> all().stream().filter(each -> each.submitter().equals(submitter)).findFirst())
            .orElse(usual);
    }

    /** Everybody, the usual one first. */
    public List<Reporter> all() {
        List<Reporter> all = new ArrayList<>(List.of(usual));
        bySender.values().stream().distinct().sorted((a, b) -> a.contact().compareTo(b.contact())).forEach(all::add);
        return all;
    }

    /** The domains under which sessions are reported apart, by sending domain. */
    public Map<DomainName, DomainName> submitters() {
        Map<DomainName, DomainName> submitters = new HashMap<>();
        bySender.forEach((sender, reporter) -> submitters.put(sender, reporter.submitter()));
        return submitters;
    }

    /** By submitter, but for the usual one. */
    public Optional<Reporter> apart(DomainName submitter) {
        return bySender.values().stream().filter(each -> each.submitter().equals(submitter)).findFirst();
    }
}
