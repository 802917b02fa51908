package jamestls.tlsrpt.inbox;

import jamestls.config.ConfigurationException;
import jamestls.config.Parameters;
import jamestls.dns.DnsServers;
import jamestls.dns.DomainName;
import jamestls.rua.Address;
import jamestls.storage.DatabaseAddress;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * All parameters of {@code TlsReportInbox}.
 *
 * @param ownDomains the domains whose reports are counted; empty for those of SecureRemoteDelivery
 * @param readMails what becomes of a mail whose report was stored
 * @param alarms when and to whom alarms go
 * @param store database and retention
 * @param dnsServers DNS servers for the keys of signatures, at least one
 */
public record InboxSettings(Set<DomainName> ownDomains, ReadMails readMails, Alarms alarms, Store store,
                            List<InetSocketAddress> dnsServers) {

    /** Class name of the mailet in mailetcontainer.xml. */
    public static final String NAME = "TlsReportInbox";

    private static final int MAX_DOMAINS = 10_000;
    private static final int MIN_DAYS = 7;
    private static final int MAX_DAYS = 3_660;

    /** What becomes of a mail whose report was stored. */
    public enum ReadMails { GO_ON, END }

    /**
     * Settings of alarms.
     *
     * @param administrators canonical mail addresses; empty for James's postmaster
     * @param ratePerMille rate of failed sessions over which a domain has an alarm, in thousandths
     */
    public record Alarms(List<String> administrators, int ratePerMille) {
        public Alarms {
            administrators = List.copyOf(administrators);
        }
    }

    /**
     * Settings of the store.
     *
     * @param database empty for memory
     * @param retentionDays number of days before today whose counts are kept
     */
    public record Store(Optional<DatabaseAddress> database, int retentionDays) {
    }

    /**
     * Reads all parameters.
     *
     * @param defaultServers the DNS servers if no parameter names any
     * @throws ConfigurationException if a parameter is missing, unknown or invalid; the message names every mistake
     */
    public static InboxSettings of(Parameters parameters, List<InetSocketAddress> defaultServers) throws ConfigurationException {
        Set<DomainName> domains = parameters.read("ownDomains", "mail domains of this server, separated by commas, like "
            + "example.org, example.com; at most " + MAX_DOMAINS, InboxSettings::domains).orElse(Set.of());
        // separate from the file of the counts, which is written for each mail
        Store store = new Store(DatabaseAddress.of(parameters, "file://var/tlsinbox.sqlite"),
            parameters.read("retention", "400d", "days from " + MIN_DAYS + " to " + MAX_DAYS + ", for example '400d'",
                InboxSettings::days));
        InboxSettings settings = new InboxSettings(domains, parameters.flag("keep", true) ? ReadMails.GO_ON : ReadMails.END,
            new Alarms(administrators(parameters), parameters.read("alarmRate", "5%", "a percentage from 0.1% to 100%, for example '5%'",
                InboxSettings::perMille)), store, DnsServers.of(parameters, defaultServers));
        parameters.check();
        return settings;
    }

    private static Set<DomainName> domains(String text) {
        Set<DomainName> domains = new HashSet<>();
        for (String name : text.split("[,\\s]+")) {
            if (!name.isEmpty()) {
                domains.add(DomainName.parse(name).orElseThrow(() -> new IllegalArgumentException("'" + name + "' is no domain")));
            }
        }
        if (domains.size() > MAX_DOMAINS) {
            throw new IllegalArgumentException(domains.size() + " are named");
        }
        return domains;
    }

    private static List<String> administrators(Parameters parameters) {
        return parameters.list("administrators").stream().flatMap(text -> {
            Optional<String> address = Address.canonical(text);
            if (address.isEmpty()) {
                parameters.invalid("administrators", "mail addresses, separated by commas, like admin@example.com; '" + text + "' is none");
            }
            return address.stream();
        }).toList();
    }

    private static int perMille(String text) {
        int perMille = new BigDecimal(text.replaceFirst("\\s*%$", "")).movePointRight(1).intValueExact();
        if (perMille < 1 || perMille > 1_000) {
            throw new NumberFormatException();
        }
        return perMille;
    }

    private static int days(String text) {
        int days = Integer.parseInt(text.replaceFirst("\\s*(d|days?)$", ""));
        if (days < MIN_DAYS || days > MAX_DAYS) {
            throw new NumberFormatException();
        }
        return days;
    }
}
