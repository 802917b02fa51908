package jamestls.tlsrpt.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.dns.DomainName;
import jamestls.rua.Address;
import jamestls.tlsrpt.report.MimeEntity;
import jamestls.tlsrpt.report.ReportMail;
import jamestls.tlsrpt.report.ReportName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Extracts the report from a received mail and validates the mail against RFC 8460 §5.3. */
final class ReceivedMail {

    private static final Pattern FILE_NAME =
        Pattern.compile("(?:file)?name=(?:\"([^\"]{1,600})\"|([^\";\\s]{1,600}))", Pattern.CASE_INSENSITIVE);
    private static final Pattern MEDIA_TYPE = Pattern.compile("application/tlsrpt\\+(json|gzip)\\s*(;.*)?");
    private static final List<String> ONCE = List.of("subject", "from", "tls-report-domain", "tls-report-submitter", "content-type");

    private final MimeEntity mail;
    private final List<String> problems = new ArrayList<>();

    private ReceivedMail(MimeEntity mail) {
        this.mail = mail;
    }

    static ReceivedFile read(byte[] bytes) {
        ReceivedMail reading = new ReceivedMail(MimeEntity.of(bytes));
        byte[] json = reading.report();
        return new ReceivedFile("mail", json, reading.problems);
    }

    private byte[] report() {
        check(!mail.type().startsWith("multipart/report"), "Content-Type is not multipart/report");
        check(!mail.type().contains("report-type=\"tlsrpt\"") && !mail.type().contains("report-type=tlsrpt"), "report-type is not tlsrpt");
        ONCE.forEach(name -> check(mail.repeated().contains(name), "the field " + name + " occurs more than once"));
        Optional<DomainName> domain = domain("TLS-Report-Domain");
        Optional<DomainName> submitter = domain("TLS-Report-Submitter");
        Optional<ReportMail.Subject> subject = ReportMail.Subject.parse(mail.header("subject"));
        check(subject.isEmpty(), "Subject is not in the form of RFC 8460");
        subject.ifPresent(each -> {
            differs(domain, each.domain(), "TLS-Report-Domain", "Subject");
            differs(submitter, each.submitter(), "TLS-Report-Submitter", "Subject");
        });
        // RFC 8460 §3
        String signature = mail.header("dkim-signature");
        check(signature.isEmpty(), "there is no DKIM signature");
        check(signature.matches(".*;\\s*l=\\d+.*"), "the DKIM signature has l=, which RFC 8460 forbids");
        Optional<MimeEntity> part = mail.parts().isEmpty() ? Optional.of(mail).filter(ReceivedMail::isReport)
            : mail.parts().stream().filter(ReceivedMail::isReport).findFirst();
        if (part.isEmpty()) {
            problems.add("there is no part application/tlsrpt+gzip or application/tlsrpt+json");
            return new byte[0];
        }
        fileName(part.get(), domain, submitter);
        byte[] content = decoded(part.get());
        Matcher type = MEDIA_TYPE.matcher(part.get().type());
        if (!type.matches()) {
            problems.add("the part's type is neither application/tlsrpt+gzip nor application/tlsrpt+json");
        } else {
            check(ReceivedFile.isGzip(content) != type.group(1).equals("gzip"), "the part's type does not match its content");
        }
        byte[] json = ReceivedFile.isGzip(content) ? ReceivedFile.inflated(content, problems) : content;
        // RFC 8460 §5.3
        contactDomain(json).ifPresent(contact -> differs(submitter, contact, "TLS-Report-Submitter", "contact-info"));
        return json;
    }

    private Optional<DomainName> domain(String field) {
        String value = mail.header(field.toLowerCase(Locale.ROOT));
        Optional<DomainName> domain = DomainName.parse(value).filter(each -> each.ascii().equalsIgnoreCase(value));
        check(value.isEmpty(), "there is no " + field);
        check(!value.isEmpty() && domain.isEmpty(), field + " is not a domain in A-labels");
        return domain;
    }

    private void fileName(MimeEntity part, Optional<DomainName> domain, Optional<DomainName> submitter) {
        Matcher name = FILE_NAME.matcher(part.header("content-disposition") + " " + part.header("content-type"));
        // RFC 8460 §5.1 folds the name inside the quotation marks
        Optional<ReportName> parsed = name.find()
            ? ReportName.parse(Optional.ofNullable(name.group(1)).orElse(name.group(2)).replaceAll("\\s", "")) : Optional.empty();
        check(parsed.isEmpty(), "the file's name is not in the form of RFC 8460");
        parsed.ifPresent(each -> {
            differs(domain, each.policyDomain(), "TLS-Report-Domain", "the file's name");
            differs(submitter, each.sender(), "TLS-Report-Submitter", "the file's name");
        });
    }

    private void differs(Optional<DomainName> field, DomainName other, String name, String otherName) {
        check(field.filter(each -> !each.equals(other)).isPresent(), name + " and " + otherName + " name different domains");
    }

    private static Optional<DomainName> contactDomain(byte[] json) {
        try {
            return Address.canonical(new ObjectMapper().readTree(json).path("contact-info").asText()).map(Address::domainOf);
        } catch (IOException notJson) {
            return Optional.empty();
        }
    }

    private static boolean isReport(MimeEntity entity) {
        return entity.type().startsWith("application/tlsrpt");
    }

    private byte[] decoded(MimeEntity part) {
        if (!part.header("content-transfer-encoding").equalsIgnoreCase("base64")) {
            return part.body().getBytes(StandardCharsets.ISO_8859_1);
        }
        try {
            return Base64.getMimeDecoder().decode(part.body());
        } catch (IllegalArgumentException e) {
            problems.add("base64: " + e.getMessage());
            return new byte[0];
        }
    }

    private void check(boolean fault, String text) {
        if (fault) {
            problems.add(text);
        }
    }
}
