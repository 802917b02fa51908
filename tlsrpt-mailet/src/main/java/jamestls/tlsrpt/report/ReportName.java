package jamestls.tlsrpt.report;

import jamestls.dns.DomainName;
import java.util.Optional;

/**
 * The name of a report file (RFC 8460 §5.1).
 *
 * @param sender the domain of the contact
 * @param policyDomain the domain the report is for
 * @param begin first second of the range, in Unix time
 * @param end last second of the range, in Unix time
 * @param uniqueId letters and digits: the store, the part of the day and the slice; tells reports about the same day and domain apart
 */
public record ReportName(DomainName sender, DomainName policyDomain, long begin, long end, Optional<String> uniqueId) {

    public ReportName {
        if (!uniqueId.orElse("x").matches("[A-Za-z0-9]{1,64}")) {
            throw new IllegalArgumentException("letters and digits only");
        }
    }

    public static ReportName of(TlsReport report) {
        int part = report.tally().part().number();
        String unique = report.tally().part().storeId()
            + (part == 1 ? "" : "part" + part) + (report.slice().isWhole() ? "" : "file" + report.slice());
        return new ReportName(report.reporter().submitter(), report.domain(), report.start().getEpochSecond(),
            report.end().getEpochSecond(), Optional.of(unique).filter(id -> !id.isEmpty()));
    }

    /** With the extension of a gzip file. */
    public String gzipped() {
        return sender + "!" + policyDomain + "!" + begin + "!" + end + uniqueId.map(id -> "!" + id).orElse("") + ".json.gz";
    }
}
