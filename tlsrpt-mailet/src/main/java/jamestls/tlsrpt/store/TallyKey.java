package jamestls.tlsrpt.store;

import jamestls.dns.DomainName;
import jamestls.outcome.TlsOutcome;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.Optional;

/**
 * What one report is about: everything that happened on one UTC day towards one recipient domain (RFC 8460 §4.1).
 *
 * @param day the UTC day in which the sessions ended
 * @param domain the recipient domain, whose {@code _smtp._tls} record says where the report goes
 * @param submitter who reports, where that is another one than usual: sessions of some sending domains may be reported apart, under
 *     an identity of their own
 */
public record TallyKey(LocalDate day, DomainName domain, Optional<DomainName> submitter) implements Comparable<TallyKey> {

    private static final Comparator<TallyKey> ORDER = Comparator.comparing(TallyKey::day).thenComparing(TallyKey::name);
    /** In no domain name. */
    private static final String SEPARATOR = " ";

    /** Reported by the usual one. */
    public TallyKey(LocalDate day, DomainName domain) {
        this(day, domain, Optional.empty());
    }

    /** The report in which an outcome is counted: of the UTC day in which the session ended (RFC 8460 §4.1). */
    public static TallyKey of(TlsOutcome outcome) {
        return new TallyKey(outcome.at().atZone(ZoneOffset.UTC).toLocalDate(), outcome.recipientDomain(), outcome.sendingDomain());
    }

    /** @param name as {@link #name} gives it */
    static TallyKey of(LocalDate day, String name) {
        String[] names = name.split(SEPARATOR);
        return new TallyKey(day, new DomainName(names[0]), names.length == 1 ? Optional.empty() : Optional.of(new DomainName(names[1])));
    }

    /** Domain and submitter in one string, for a column. */
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

    /** The first instant that no longer belongs to the day. */
    public Instant endOfDay() {
        return day.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant();
    }

    @Override
    public int compareTo(TallyKey other) {
        return ORDER.compare(this, other);
    }
}
