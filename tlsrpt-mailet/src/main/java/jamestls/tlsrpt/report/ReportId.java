package jamestls.tlsrpt.report;

import jamestls.mtasts.dns.DomainName;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.TallyKey;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A report's name, in the form of a message id without its angle brackets. It follows from what is reported, so a report
 * that is sent again has the same one and the receiver can drop it (RFC 8460 §5.3).
 *
 * @param left for example {@code 20260301.rcpt.example}, or {@code 20260301-2.rcpt.example} for a day's second part,
 *     {@code 20260301_1of2.rcpt.example} for a report in two files; letters, digits, hyphens, underscores and dots only
 * @param submitter the reporting domain
 */
public record ReportId(String left, DomainName submitter) {

    private static final Pattern NAME = Pattern.compile("([0-9]{8})(?:-[0-9]+)?(?:_[0-9]+of[0-9]+)?\\.([^@]+)@[^@]+");

    public static ReportId of(DomainTally tally, Slice slice, DomainName submitter) {
        String day = tally.key().day().format(DateTimeFormatter.BASIC_ISO_DATE);
        String part = tally.part().number() == 1 ? "" : "-" + tally.part().number();
        String file = slice.isWhole() ? "" : "_" + slice;
        return new ReportId(day + part + file + "." + tally.key().domain(), submitter);
    }

    /** What a report of that name is about; empty if it is none of ours. */
    public static Optional<TallyKey> keyOf(String id) {
        Matcher name = NAME.matcher(id);
        try {
            return name.matches() ? DomainName.parse(name.group(2))
                .map(domain -> new TallyKey(LocalDate.parse(name.group(1), DateTimeFormatter.BASIC_ISO_DATE), domain)) : Optional.empty();
        } catch (DateTimeParseException noDay) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return left + "@" + submitter;
    }
}
