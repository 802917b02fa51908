package jamestls.tlsrpt.report;

import jamestls.dns.DomainName;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The file name of a report (RFC 8460 §5.1).
 *
 * @param sender domain of the reporting organization
 * @param policyDomain domain that gets the report
 * @param begin first second of the range, in Unix time
 * @param end last second of the range, in Unix time
 * @param uniqueId letters and digits made of store, part of the day and slice; distinguishes reports about the same day and domain
 */
public record ReportName(DomainName sender, DomainName policyDomain, long begin, long end, Optional<String> uniqueId) {

    private static final Pattern NAME =
        Pattern.compile("([^!]{1,253})!([^!]{1,253})!([0-9]{1,15})!([0-9]{1,15})(?:!([A-Za-z0-9]{1,64}))?\\.json(?:\\.gz)?");

    public ReportName {
        if (!uniqueId.orElse("x").matches("[A-Za-z0-9]{1,64}")) {
            throw new IllegalArgumentException("a unique id has letters and digits only");
        }
    }

    public static ReportName of(TlsReport report) {
        int part = report.tally().part().number();
        String unique = report.tally().part().storeId()
            + (part == 1 ? "" : "part" + part) + (report.slice().isWhole() ? "" : "file" + report.slice());
        return new ReportName(report.reporter().submitter(), report.domain(), report.start().getEpochSecond(),
            report.end().getEpochSecond(), Optional.of(unique).filter(id -> !id.isEmpty()));
    }

    /** The name with the extension of gzip files. */
    public String gzipped() {
        return sender + "!" + policyDomain + "!" + begin + "!" + end + uniqueId.map(id -> "!" + id).orElse("") + ".json.gz";
    }

    /** Parses a name with extension {@code json} or {@code json.gz}; empty if it does not follow RFC 8460 §5.1. */
    public static Optional<ReportName> parse(String text) {
        Matcher name = NAME.matcher(text);
        if (!name.matches()) {
            return Optional.empty();
        }
        Optional<DomainName> sender = DomainName.parse(name.group(1)).filter(domain -> domain.ascii().equalsIgnoreCase(name.group(1)));
        Optional<DomainName> domain = DomainName.parse(name.group(2)).filter(each -> each.ascii().equalsIgnoreCase(name.group(2)));
        long begin = Long.parseLong(name.group(3));
        long end = Long.parseLong(name.group(4));
        return sender.isEmpty() || domain.isEmpty() || end < begin ? Optional.empty()
            : Optional.of(new ReportName(sender.get(), domain.get(), begin, end, Optional.ofNullable(name.group(5))));
    }
}
