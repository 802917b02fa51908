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
 * A report's name, in the form of a message id without its angle brackets. It follows from what is reported and from the store it was
 * counted in, so a report that is sent again has the same one and the receiver can drop it (RFC 8460 §5.3), and no other server has
 * it (RFC 8460 §4.4).
 *
 * @param left for example {@code 20260301_k3f9a0b2c1.rcpt.example}, or {@code 20260301_k3f9a0b2c1-2.rcpt.example} for a day's second
 *     part, {@code 20260301_k3f9a0b2c1_1of2.rcpt.example} for a report in two files; without the store's ten letters and digits where
 *     a version that knew none made the report; letters, digits, hyphens, underscores and dots only
 * @param submitter the reporting domain
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

    /** What a report of that name may be about: reported by the usual one, or by its submitter apart. None if it is none of ours. */
    public static List<TallyKey> keysOf(String id) {
        Matcher name = NAME.matcher(id);
        if (!name.matches() || DomainName.parse(name.group(2)).isEmpty()) {
            return List.of();
        }
        try {
            LocalDate day = LocalDate.parse(name.group(1), DateTimeFormatter.BASIC_ISO_DATE);
            TallyKey usual = new TallyKey(day, DomainName.of(name.group(2)));
            return List.of(usual, new TallyKey(day, usual.domain(), DomainName.parse(name.group(3))));
        } catch (DateTimeParseException noDay) {
            return List.of();
        }
    }

    @Override
    public String toString() {
        return left + "@" + submitter;
    }
}
