package jamestls.tlsrpt.send;

import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.MxRecord;
import jamestls.net.SanitizedLogger;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Checks that the From domains of report mails can receive mail, by an MX record or an address (RFC 5321 §5.1). Many receivers refuse
 * senders whose domain can't.
 */
public final class FromDomainCheck {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(FromDomainCheck.class);
    private static final Duration VALID = Duration.ofHours(1);

    private final Dns dns;
    private final List<DomainName> domains;
    private final Clock clock;
    private Instant checked = Instant.MIN;
    private volatile Map<DomainName, String> problems = Map.of();

    /** @param domains From domains of report mails */
    public FromDomainCheck(Dns dns, List<DomainName> domains, Clock clock) {
        this.dns = dns;
        this.domains = List.copyOf(new TreeSet<>(domains));
        this.clock = clock;
    }

    /** Looks the domains up, at most once an hour. Blocks; not thread-safe. */
    public void refresh() {
        Instant now = clock.instant();
        // absolute value: the check must not stop if the clock was set back
        if (!checked.equals(Instant.MIN) && Duration.between(checked, now).abs().compareTo(VALID) < 0) {
            return;
        }
        checked = now;
        Map<DomainName, String> fresh = new TreeMap<>();
        for (DomainName domain : domains) {
            problem(domain).ifPresent(problem -> fresh.put(domain, problem));
        }
        fresh.forEach((domain, problem) -> {
            if (!problem.equals(problems.get(domain))) {
                LOGGER.warn("tlsreport: {}", problem);
            }
        });
        problems = fresh;
    }

    /** Problems found by the last check, one sentence for each domain. */
    public List<String> problems() {
        return new ArrayList<>(problems.values());
    }

    private Optional<String> problem(DomainName domain) {
        return switch (dns.mx(domain)) {
            // RFC 7505 §3: a null MX stands alone
            case DnsAnswer.Found<MxRecord> mx -> mx.records().stream().anyMatch(record -> record.host().isPresent()) ? Optional.empty()
                : Optional.of(sentence(domain, "has a null MX record and receives no mail"));
            case DnsAnswer.Absent<MxRecord> none -> switch (dns.addresses(domain)) {
                case DnsAnswer.Found<InetAddress> address -> Optional.empty();
                case DnsAnswer.Absent<InetAddress> nothing ->
                    Optional.of(sentence(domain, "has neither an MX record nor an address and receives no mail"));
                case DnsAnswer.Bogus<InetAddress> unknown -> Optional.ofNullable(problems.get(domain));
                case DnsAnswer.Failed<InetAddress> unknown -> Optional.ofNullable(problems.get(domain));
            };
            case DnsAnswer.Bogus<MxRecord> unknown -> Optional.ofNullable(problems.get(domain));
            case DnsAnswer.Failed<MxRecord> unknown -> Optional.ofNullable(problems.get(domain));
        };
    }

    private static String sentence(DomainName domain, String what) {
        return "report mails come from " + domain + ", which " + what + "; many receivers refuse such senders: publish an MX record at "
            + domain + ", or give TlsReporting a contact and from in another domain";
    }
}
