package jamestls.tlsrpt.cli;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A mail with a report (RFC 8460 §5.3), read as far as that takes and held against what the RFC wants of it. */
final class ReceivedMail {

    private static final Pattern BOUNDARY = Pattern.compile("boundary=(?:\"([^\"]{1,200})\"|([^;\\s]{1,200}))", Pattern.CASE_INSENSITIVE);
    private static final Pattern FILE_NAME = Pattern.compile("(?:file)?name=\"?([^\";]{1,300})", Pattern.CASE_INSENSITIVE);
    // RFC 8460 §5.1
    private static final Pattern REPORT_NAME = Pattern.compile("[^!]+![^!]+!\\d+!\\d+(![A-Za-z0-9]+)?\\.json(\\.gz)?");
    private static final Pattern SUBJECT = Pattern.compile("Report Domain: \\S+\\s+Submitter: \\S+\\s+Report-ID: <\\S+@\\S+>");
    private static final int MOST_PARTS = 20;

    private final List<String> notes = new ArrayList<>();

    private ReceivedMail() {
    }

    /** @param headers names in lower case, the first of a name, unfolded */
    private record Entity(Map<String, String> headers, String body) {

        static Entity of(String text) {
            int end = text.indexOf("\n\n");
            Map<String, String> headers = new LinkedHashMap<>();
            for (String line : (end < 0 ? text : text.substring(0, end)).replaceAll("\n[ \t]+", " ").split("\n")) {
                int colon = line.indexOf(':');
                if (colon > 0) {
                    headers.putIfAbsent(line.substring(0, colon).strip().toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
                }
            }
            return new Entity(headers, end < 0 ? "" : text.substring(end + 2));
        }

        String header(String name) {
            return headers.getOrDefault(name, "");
        }

        String type() {
            return header("content-type").toLowerCase(Locale.ROOT);
        }
    }

    static ReceivedFile read(byte[] bytes) {
        ReceivedMail reading = new ReceivedMail();
        byte[] json = reading.report(Entity.of(new String(bytes, StandardCharsets.ISO_8859_1).replace("\r\n", "\n")));
        return new ReceivedFile("mail", json, reading.notes);
    }

    private byte[] report(Entity mail) {
        note(!mail.type().startsWith("multipart/report"), "Content-Type is not multipart/report");
        note(!mail.type().contains("report-type=\"tlsrpt\"") && !mail.type().contains("report-type=tlsrpt"), "report-type is not tlsrpt");
        note(mail.header("tls-report-domain").isEmpty(), "there is no TLS-Report-Domain");
        note(mail.header("tls-report-submitter").isEmpty(), "there is no TLS-Report-Submitter");
        note(!SUBJECT.matcher(mail.header("subject").replaceAll("\\s+", " ")).matches(), "Subject is not in the form of RFC 8460");
        // RFC 8460 §3
        String signature = mail.header("dkim-signature");
        note(signature.isEmpty(), "there is no DKIM signature");
        note(signature.matches(".*;\\s*l=\\d+.*"), "the DKIM signature has l=, which must not be");
        Optional<Entity> part = part(mail);
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

    private static Optional<Entity> part(Entity mail) {
        Matcher boundary = BOUNDARY.matcher(mail.header("content-type"));
        if (!boundary.find()) {
            return Optional.of(mail).filter(each -> each.type().startsWith("application/tlsrpt"));
        }
        String delimiter = "--" + Optional.ofNullable(boundary.group(1)).orElse(boundary.group(2));
        String[] parts = ("\n" + mail.body()).split(Pattern.quote("\n" + delimiter), MOST_PARTS);
        for (int i = 1; i < parts.length; i++) {
            Entity part = Entity.of(parts[i].replaceFirst("^[ \t]*\n", ""));
            if (part.type().startsWith("application/tlsrpt")) {
                return Optional.of(part);
            }
        }
        return Optional.empty();
    }

    private byte[] decoded(Entity part) {
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
