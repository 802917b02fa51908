package jamestls.tlsrpt.report;

import jamestls.dns.DomainName;
import jamestls.tlsrpt.report.TlsReport.Slice;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.TallyKey;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The report-id, in the form of a Message-ID without angle brackets. It is derived from day, domain, part and store: a report that is sent
 * again has the same id, so that receivers drop the duplicate (RFC 8460 §5.3), and no other report has it (RFC 8460 §4.4).
 *
 * @param left for example {@code 20260301_k3f9a0b2c1.rcpt.example}; {@code 20260301_k3f9a0b2c1-2.rcpt.example} for the second part of a
 *     day; {@code 20260301_k3f9a0b2c1_1of2.rcpt.example} for a report in two files; without the ten letters and digits of the store for
 *     parts of an early version. Only letters, digits, hyphens, underscores and dots.
 * @param submitter domain of the reporting organization
 */
public record ReportId(String left, DomainName submitter) {

    private static final Pattern NAME = Pattern.compile("([0-9]{8})(?:_[a-z0-9]{10})?(?:-[0-9]+)?(?:_[0-9]+of[0-9]+)?\\.([^@]+)@([^@]+)");

    public static ReportId of(DomainTally tally, Slice slice, DomainName submitter) {
        String day = tally.key().day().format(DateTimeFormatter.BASIC_ISO_DATE);
        String store = tally.part().storeId().isEmpty() ? "" : "_" + tally.part().storeId();
        String part = tally.part().number() == 1 ? "" : "-" + tally.part().number();
        String file = slice.isWhole() ? "" : "_" + slice;
        return new ReportId(day + store + part + file + "." + tally.key().domain(), submitter);
    }

    /** The keys that a report with that id can have: with the default identity or with its submitter. Empty if the id has another form. */
    public static List<TallyKey> keysOf(String id) {
        Matcher name = NAME.matcher(id);
        if (!name.matches() || DomainName.parse(name.group(2)).isEmpty()) {
            return List.of();
        }
        try {
            LocalDate day = LocalDate.parse(name.group(1), DateTimeFormatter.BASIC_ISO_DATE);
            TallyKey key = new TallyKey(day, DomainName.of(name.group(2)));
            return List.of(key, new TallyKey(day, key.domain(), DomainName.parse(name.group(3))));
        } catch (DateTimeParseException noDay) {
            return List.of();
        }
    }

    @Override
    public String toString() {
        return left + "@" + submitter;
    }
}
