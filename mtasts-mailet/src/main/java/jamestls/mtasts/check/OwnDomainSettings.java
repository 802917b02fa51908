package jamestls.mtasts.check;

import jamestls.config.Parameters;
import jamestls.dns.DomainName;
import jamestls.storage.DatabaseAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The domains that are checked daily.
 *
 * @param domains each once
 * @param warn the time before the expiry of a certificate from which on health is degraded
 */
public record OwnDomainSettings(List<DomainName> domains, Duration warn) {

    /** The default of {@code warnDays}. */
    public static final int WARN_DAYS = 14;
    /** The bound of {@code warnDays}. */
    public static final int MAX_WARN_DAYS = 90;
    private static final int MAX_DOMAINS = 1_000;

    public OwnDomainSettings {
        domains = List.copyOf(domains);
    }

    /**
     * Reads {@code ownDomains} and {@code warnDays}.
     *
     * @param database where findings are kept; without one there are no daily checks, and a warning says so
     */
    public static OwnDomainSettings of(Parameters parameters, Optional<DatabaseAddress> database) {
        List<DomainName> domains = parameters.read("ownDomains", "", "domains of yours, separated by commas, at most " + MAX_DOMAINS,
            OwnDomainSettings::parse);
        if (!domains.isEmpty() && database.isEmpty()) {
            parameters.warn("'ownDomains' are not checked daily, because findings are kept in the database, and 'database' is memory");
        }
        return new OwnDomainSettings(domains, Duration.ofDays(parameters.number("warnDays", WARN_DAYS, 1, MAX_WARN_DAYS)));
    }

    private static List<DomainName> parse(String text) {
        List<DomainName> domains = new ArrayList<>();
        List<String> wrong = new ArrayList<>();
        for (String each : text.split(",")) {
            if (!each.isBlank()) {
                DomainName.parse(each.strip()).filter(domain -> domain.ascii().contains("."))
                    .ifPresentOrElse(domains::add, () -> wrong.add("'" + each.strip() + "'"));
            }
        }
        if (!wrong.isEmpty()) {
            throw new IllegalArgumentException("no domain names: " + String.join(", ", wrong));
        }
        List<DomainName> distinct = domains.stream().distinct().toList();
        if (distinct.size() > MAX_DOMAINS) {
            throw new IllegalArgumentException("these are " + distinct.size());
        }
        return distinct;
    }
}
