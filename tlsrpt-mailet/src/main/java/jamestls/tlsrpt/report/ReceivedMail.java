package jamestls.tlsrpt.report;

import jamestls.dns.DomainName;
import jamestls.rua.Address;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Extracts the report from a received mail and validates the mail against RFC 8460 §5.3. A report is also found where real senders put
 * it: in a part of another type, recognized by its name or its content, in a nested part, or as the whole mail.
 */
final class ReceivedMail {

    private static final Pattern FILE_NAME =
        Pattern.compile("(?:file)?name=(?:\"([^\"]{1,600})\"|([^\";\\s]{1,600}))", Pattern.CASE_INSENSITIVE);
    private static final Pattern MEDIA_TYPE = Pattern.compile("application/tlsrpt\\+(json|gzip)\\s*(;.*)?");
    private static final List<String> ONCE = List.of("subject", "from", "tls-report-domain", "tls-report-submitter", "content-type");

    /** Longest text of a field that is looked at, so that patterns can't be made slow. */
    private static final int MAX_FIELD = 1_500;
    private static final int MAX_DEPTH = 5;
    private static final int MAX_PARTS = 50;
    /** Encoded characters of a part that show whether it is a report. */
    private static final int BEGINNING = 64;

    private final MimeEntity mail;
    private final int maxInflated;
    private final List<String> problems = new ArrayList<>();

    private ReceivedMail(MimeEntity mail, int maxInflated) {
        this.mail = mail;
        this.maxInflated = maxInflated;
    }

    static ReceivedFile read(byte[] bytes, int maxInflated) {
        ReceivedMail reading = new ReceivedMail(MimeEntity.of(bytes), maxInflated);
        byte[] json = reading.report();
        return new ReceivedFile("mail", json, reading.problems);
    }

    private byte[] report() {
        check(!mail.type().startsWith("multipart/report"), "Content-Type is not multipart/report");
        check(!mail.type().contains("report-type=\"tlsrpt\"") && !mail.type().contains("report-type=tlsrpt"), "report-type is not tlsrpt");
        ONCE.forEach(name -> check(mail.repeated().contains(name), "the field " + name + " occurs more than once"));
        Optional<DomainName> domain = domain("TLS-Report-Domain");
        Optional<DomainName> submitter = domain("TLS-Report-Submitter");
        Optional<ReportMail.Subject> subject = ReportMail.Subject.parse(field(mail, "subject"));
        check(subject.isEmpty(), "Subject is not in the form of RFC 8460");
        subject.ifPresent(each -> {
            differs(domain, each.domain(), "TLS-Report-Domain", "Subject");
            differs(submitter, each.submitter(), "TLS-Report-Submitter", "Subject");
        });
        // RFC 8460 §3
        String signature = field(mail, "dkim-signature");
        check(signature.isEmpty(), "there is no DKIM signature");
        check(signature.matches(".*;\\s*l=\\d+.*"), "the DKIM signature has l=, which RFC 8460 forbids");
        Optional<MimeEntity> part = part();
        if (part.isEmpty()) {
            problems.add("there is no part application/tlsrpt+gzip or application/tlsrpt+json");
            return new byte[0];
        }
        fileName(part.get(), domain, submitter);
        byte[] content = decoded(part.get(), problems);
        if (content.length == 0) {
            return content;
        }
        Matcher type = MEDIA_TYPE.matcher(field(part.get(), "content-type").toLowerCase(Locale.ROOT));
        if (!type.matches()) {
            problems.add("the part's type is neither application/tlsrpt+gzip nor application/tlsrpt+json");
        } else {
            check(ReceivedFile.isGzip(content) != type.group(1).equals("gzip"), "the part's type does not match its content");
        }
        byte[] json = ReceivedFile.isGzip(content) ? ReceivedFile.inflated(content, maxInflated, problems) : content;
        // RFC 8460 §5.3
        ReceivedFile.member(json, "contact-info").flatMap(Address::canonical).map(Address::domainOf)
            .ifPresent(contact -> differs(submitter, contact, "TLS-Report-Submitter", "contact-info"));
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
        Matcher name = nameOf(part);
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

    /** The part with the report: by its type, else by its name, else by its content. */
    private Optional<MimeEntity> part() {
        List<MimeEntity> leaves = new ArrayList<>();
        collectLeaves(mail, 0, leaves);
        List<MimeEntity> reports = leaves.stream().filter(ReceivedMail::isReport).toList();
        check(reports.size() > 1, "there is more than one report; only the first is read");
        return reports.stream().findFirst().or(() -> leaves.stream().filter(ReceivedMail::isNamedLikeReport).findFirst())
            .or(() -> leaves.stream().filter(ReceivedMail::beginsLikeReport).findFirst());
    }

    private static void collectLeaves(MimeEntity entity, int depth, List<MimeEntity> leaves) {
        List<MimeEntity> parts = depth < MAX_DEPTH ? entity.parts() : List.of();
        if (parts.isEmpty() && leaves.size() < MAX_PARTS) {
            leaves.add(entity);
        }
        parts.forEach(part -> collectLeaves(part, depth + 1, leaves));
    }

    private static boolean isNamedLikeReport(MimeEntity part) {
        Matcher name = nameOf(part);
        return name.find() && name.group().replaceAll("[\\s\"]", "").toLowerCase(Locale.ROOT).matches(".*\\.json(\\.gz)?");
    }

    private static boolean beginsLikeReport(MimeEntity part) {
        MimeEntity beginning = new MimeEntity(part.headers(), part.repeated(),
            part.body().substring(0, Math.min(part.body().length(), BEGINNING)));
        byte[] decoded = decoded(beginning, new ArrayList<>());
        return ReceivedFile.isGzip(decoded) || ReceivedFile.isJson(decoded);
    }

    private static Matcher nameOf(MimeEntity part) {
        return FILE_NAME.matcher(field(part, "content-disposition") + " " + field(part, "content-type"));
    }

    private static String field(MimeEntity entity, String name) {
        String value = entity.header(name);
        return value.length() > MAX_FIELD ? value.substring(0, MAX_FIELD) : value;
    }

    private static boolean isReport(MimeEntity entity) {
        return entity.type().startsWith("application/tlsrpt");
    }

    private static byte[] decoded(MimeEntity part, List<String> problems) {
        String encoding = part.header("content-transfer-encoding").toLowerCase(Locale.ROOT);
        if (encoding.equals("quoted-printable")) {
            return quotedPrintable(part.body());
        }
        if (!encoding.equals("base64")) {
            return part.body().getBytes(StandardCharsets.ISO_8859_1);
        }
        try {
            return Base64.getMimeDecoder().decode(part.body());
        } catch (IllegalArgumentException e) {
            problems.add("base64: " + e.getMessage());
            return new byte[0];
        }
    }

    /** Decodes leniently (RFC 2045 §6.7): what is no code stays as it is. */
    private static byte[] quotedPrintable(String text) {
        ByteArrayOutputStream decoded = new ByteArrayOutputStream(text.length());
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '=' && text.startsWith("\n", at + 1)) {
                at += 2;
            } else if (c == '=' && at + 2 < text.length() && HexFormat.isHexDigit(text.charAt(at + 1))
                    && HexFormat.isHexDigit(text.charAt(at + 2))) {
                decoded.write(HexFormat.fromHexDigits(text, at + 1, at + 3));
                at += 3;
            } else {
                decoded.write(c);
                at++;
            }
        }
        return decoded.toByteArray();
    }

    private void check(boolean fault, String text) {
        if (fault) {
            problems.add(text);
        }
    }
}
