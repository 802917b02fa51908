package jamestls.tlsrpt.cli;

import jamestls.tlsrpt.report.MimeEntity;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A mail with a report (RFC 8460 §5.3), read as far as that takes and held against what the RFC wants of it. */
final class ReceivedMail {

    private static final Pattern FILE_NAME = Pattern.compile("(?:file)?name=\"?([^\";]{1,300})", Pattern.CASE_INSENSITIVE);
    // RFC 8460 §5.1
    private static final Pattern REPORT_NAME = Pattern.compile("[^!]+![^!]+!\\d+!\\d+(![A-Za-z0-9]+)?\\.json(\\.gz)?");
    private static final Pattern SUBJECT = Pattern.compile("Report Domain: \\S+\\s+Submitter: \\S+\\s+Report-ID: <\\S+@\\S+>");

    private final List<String> notes = new ArrayList<>();

    private ReceivedMail() {
    }

    static ReceivedFile read(byte[] bytes) {
        ReceivedMail reading = new ReceivedMail();
        byte[] json = reading.report(MimeEntity.of(bytes));
        return new ReceivedFile("mail", json, reading.notes);
    }

    private byte[] report(MimeEntity mail) {
        note(!mail.type().startsWith("multipart/report"), "Content-Type is not multipart/report");
        note(!mail.type().contains("report-type=\"tlsrpt\"") && !mail.type().contains("report-type=tlsrpt"), "report-type is not tlsrpt");
        note(mail.header("tls-report-domain").isEmpty(), "there is no TLS-Report-Domain");
        note(mail.header("tls-report-submitter").isEmpty(), "there is no TLS-Report-Submitter");
        note(!SUBJECT.matcher(mail.header("subject").replaceAll("\\s+", " ")).matches(), "Subject is not in the form of RFC 8460");
        // RFC 8460 §3
        String signature = mail.header("dkim-signature");
        note(signature.isEmpty(), "there is no DKIM signature");
        note(signature.matches(".*;\\s*l=\\d+.*"), "the DKIM signature has l=, which must not be");
        Optional<MimeEntity> part = mail.parts().isEmpty() ? Optional.of(mail).filter(ReceivedMail::isReport)
            : mail.parts().stream().filter(ReceivedMail::isReport).findFirst();
        if (part.isEmpty()) {
            notes.add("there is no part application/tlsrpt+gzip or application/tlsrpt+json");
            return new byte[0];
        }
        Matcher name = FILE_NAME.matcher(part.get().header("content-disposition") + " " + part.get().header("content-type"));
        note(!name.find() || !REPORT_NAME.matcher(name.group(1).strip()).matches(), "the file's name is not in the form of RFC 8460");
        byte[] content = decoded(part.get());
        note(ReceivedFile.isGzip(content) != part.get().type().startsWith("application/tlsrpt+gzip"),
            "the part's type does not fit its content");
        return ReceivedFile.isGzip(content) ? ReceivedFile.inflated(content, notes) : content;
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
            notes.add("base64: " + e.getMessage());
            return new byte[0];
        }
    }

    private void note(boolean fault, String text) {
        if (fault) {
            notes.add(text);
        }
    }
}
