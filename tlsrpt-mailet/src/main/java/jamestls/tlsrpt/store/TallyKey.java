package jamestls.tlsrpt.store;

import jamestls.dns.DomainName;
import jamestls.outcome.TlsOutcome;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.Optional;

/**
 * Identifies a report: UTC day, recipient domain and reporting identity (RFC 8460 §4.1).
 *
 * @param day UTC day in which the sessions ended
 * @param domain recipient domain, whose {@code _smtp._tls} record names the destinations
 * @param submitter reporting identity of the sending domain; empty for the default identity
 */
public record TallyKey(LocalDate day, DomainName domain, Optional<DomainName> submitter) implements Comparable<TallyKey> {

    private static final Comparator<TallyKey> ORDER = Comparator.comparing(TallyKey::day).thenComparing(TallyKey::name);
    /** Does not occur in domain names. */
    private static final String SEPARATOR = " ";

    /** The report of the default identity. */
    public TallyKey(LocalDate day, DomainName domain) {
        this(day, domain, Optional.empty());
    }

    /** The report that counts an outcome: that of the UTC day in which the session ended (RFC 8460 §4.1). */
    public static TallyKey of(TlsOutcome outcome) {
        return new TallyKey(outcome.at().atZone(ZoneOffset.UTC).toLocalDate(), outcome.recipientDomain(), outcome.sendingDomain());
    }

    /** @param name as {@link #name} gives it */
    static TallyKey of(LocalDate day, String name) {
        String[] names = name.split(SEPARATOR);
        return new TallyKey(day, new DomainName(names[0]), names.length == 1 ? Optional.empty() : Optional.of(new DomainName(names[1])));
    }

    /** Domain and submitter in one string, for a database column. */
    String name() {
        return domain.ascii() + submitter.map(each -> SEPARATOR + each).orElse("");
    }

    /** The day's first second, 00:00:00Z. */
    public Instant firstSecond() {
        return day.atStartOfDay(ZoneOffset.UTC).toInstant();
    }

    /** The day's last second, 23:59:59Z. */
    public Instant lastSecond() {
        return endOfDay().minusSeconds(1);
    }

    /** The first instant after the day. */
    public Instant endOfDay() {
        return day.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant();
    }

    @Override
    public int compareTo(TallyKey other) {
        return ORDER.compare(this, other);
    }
}
