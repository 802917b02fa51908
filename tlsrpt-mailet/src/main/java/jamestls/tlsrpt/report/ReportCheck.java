package jamestls.tlsrpt.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.JsonParserDelegate;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.Violation.ResultType;
import jamestls.rua.Address;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/**
 * Validates reports against RFC 8460 §4.4, independently of the code that writes them, so that no report is sent that a strict receiver
 * would reject. Addresses, MX hosts and policies may be missing, as in the RFC's example.
 */
public final class ReportCheck {

    private static final ObjectMapper JSON = new ObjectMapper(
        new JsonFactory().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION));
    // RFC 3339 §5.6
    private static final Pattern DATE_TIME = Pattern.compile(
        "(?i)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?"
            + "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])");
    // RFC 7493 §2.2: the integers that a double holds exactly
    private static final long MAX_COUNT = (1L << 53) - 1;
    private static final int MAX_PROBLEMS = 20;
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};
    /** TLSA record (RFC 8460 §4.5), or unknown record data if it is too short to be one (RFC 3597 §5). */
    private static final Pattern TLSA =
        Pattern.compile("[0-9]{1,3} [0-9]{1,3} [0-9]{1,3}( ([0-9A-Fa-f]{2})+)?|\\\\# [0-9]+( ([0-9A-Fa-f]{2})+)?");

    private static final Visitor NOBODY = new Visitor() { };

    private final List<String> problems = new ArrayList<>();
    private final Bounds bounds;
    private final Visitor visitor;
    private int policies;
    private int details;

    private ReportCheck(Bounds bounds, Visitor visitor) {
        this.bounds = bounds;
        this.visitor = visitor;
    }

    /** Is shown the parts of a report while it is checked, whether or not they are valid. */
    public interface Visitor {

        /** One element of {@code policies}. */
        default void policy(JsonNode element) {
            // optional
        }

        /** The members of the report but for its policies; comes last. */
        default void head(JsonNode report) {
            // optional
        }
    }

    /**
     * Bounds of a report; one that exceeds them is not read to its end.
     *
     * @param depth nesting of objects and arrays; a valid report has five levels
     * @param tokens names, values, and beginnings and ends of objects and arrays
     * @param policies elements of {@code policies}
     * @param details elements of {@code failure-details} in all policies
     */
    public record Bounds(int depth, int tokens, int policies, int details) {

        /** For files that an operator names. */
        static final Bounds WIDE = new Bounds(100, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE);
    }

    /**
     * Result of {@link #check}.
     *
     * @param problems at most twenty, each naming the member; empty if the report is valid
     * @param obstacle why the report was not read to its end; empty if it is a JSON object within the bounds
     */
    public record Checked(List<String> problems, Optional<String> obstacle) {
    }

    /** Checks a report and shows its parts to the visitor. Throws nothing but what the visitor throws. */
    public static Checked check(byte[] json, Bounds bounds, Visitor visitor) {
        return check(new ByteArrayInputStream(json), bounds, visitor);
    }

    /** Problems of a report, at most twenty, each naming the member; empty if it is valid. Never throws. */
    public static List<String> problems(byte[] json) {
        return problems(new ByteArrayInputStream(json));
    }

    /** Problems of a compressed file. */
    static List<String> problems(ReportFile file) {
        try (GZIPInputStream json = new GZIPInputStream(new ByteArrayInputStream(file.gzip()))) {
            return problems(json);
        } catch (IOException notGzip) {
            return List.of("not gzip");
        }
    }

    private static List<String> problems(InputStream json) {
        return check(json, Bounds.WIDE, NOBODY).problems();
    }

    private static Checked check(InputStream json, Bounds bounds, Visitor visitor) {
        ReportCheck check = new ReportCheck(bounds, visitor);
        BufferedInputStream bytes = new BufferedInputStream(json);
        Optional<String> obstacle;
        try (JsonParser parser = new BoundedParser(JSON.getFactory().createParser(check.withoutByteOrderMark(bytes)), bounds)) {
            obstacle = check.report(parser);
        } catch (TooLarge tooLarge) {
            obstacle = Optional.of(tooLarge.getMessage());
        } catch (IOException notJson) {
            obstacle = Optional.of("not JSON" + where(notJson));
        }
        obstacle.ifPresent(check::problem);
        return new Checked(List.copyOf(check.problems), obstacle);
    }

    /** The report exceeds a bound; the message says which. */
    private static final class TooLarge extends IOException {

        private static final long serialVersionUID = 1L;

        TooLarge(String message) {
            super(message);
        }
    }

    /** Bounds depth and size, because trees of hostile JSON need many times its memory. */
    private static final class BoundedParser extends JsonParserDelegate {

        /** Long numbers take quadratic time. */
        private static final int MAX_DIGITS = 100;

        private final Bounds bounds;
        private int depth;
        private int tokens;

        BoundedParser(JsonParser parser, Bounds bounds) {
            super(parser);
            this.bounds = bounds;
        }

        @Override
        public JsonToken nextToken() throws IOException {
            JsonToken token = super.nextToken();
            if (token != null) {
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                if (depth > bounds.depth()) {
                    throw new TooLarge("nested more than " + bounds.depth() + " levels deep");
                }
                if (token.isNumeric() && getTextLength() > MAX_DIGITS) {
                    throw new TooLarge("a number of more than " + MAX_DIGITS + " digits");
                }
                if (++tokens > bounds.tokens()) {
                    throw new TooLarge("more than " + bounds.tokens() + " names and values");
                }
            }
            return token;
        }
    }

    private static String where(IOException notJson) {
        return notJson instanceof JsonProcessingException fault && fault.getLocation() != null
            ? ", line " + fault.getLocation().getLineNr() + ", column " + fault.getLocation().getColumnNr() : "";
    }

    /** Skips a byte order mark, which is a problem (RFC 8259 §8.1). */
    private InputStream withoutByteOrderMark(InputStream json) throws IOException {
        json.mark(BYTE_ORDER_MARK.length);
        if (Arrays.equals(json.readNBytes(BYTE_ORDER_MARK.length), BYTE_ORDER_MARK)) {
            problem("a byte order mark before the report");
        } else {
            json.reset();
        }
        return json;
    }

    /** Reads one policy at a time, so that a large report does not need much memory. */
    private Optional<String> report(JsonParser parser) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            return Optional.of("the report is not an object");
        }
        ObjectNode report = JSON.createObjectNode();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            if (parser.nextToken() == JsonToken.START_ARRAY && field.equals("policies")) {
                report.putArray(field);
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    bounded(JSON.readTree(parser));
                }
            } else {
                report.set(field, JSON.readTree(parser));
            }
        }
        if (parser.nextToken() != null) {
            problem("more than one report");
        }
        head(report);
        visitor.head(report);
        return Optional.empty();
    }

    private void bounded(JsonNode element) throws TooLarge {
        if (++policies > bounds.policies()) {
            throw new TooLarge("more than " + bounds.policies() + " policies");
        }
        details += element.path("failure-details").size();
        if (details > bounds.details()) {
            throw new TooLarge("more than " + bounds.details() + " failure details");
        }
        policy(element);
        visitor.policy(element);
    }

    private void head(JsonNode report) {
        texts(report);
        required(report, "organization-name", JsonNode::isTextual);
        JsonNode range = report.path("date-range");
        if (object(range, "date-range")) {
            required(range, "start-datetime", text(value -> DATE_TIME.matcher(value).matches()));
            required(range, "end-datetime", text(value -> DATE_TIME.matcher(value).matches()));
            Optional<OffsetDateTime> start = time(range.path("start-datetime"));
            Optional<OffsetDateTime> end = time(range.path("end-datetime"));
            if (start.isPresent() && end.isPresent() && end.get().isBefore(start.get())) {
                problem("end-datetime is before start-datetime");
            }
        }
        required(report, "contact-info", text(value -> Address.canonical(value).isPresent()));
        required(report, "report-id", text(value -> !value.isEmpty()));
        required(report, "policies", JsonNode::isArray);
    }

    private void policy(JsonNode element) {
        texts(element);
        JsonNode policy = element.path("policy");
        if (object(policy, "policy")) {
            required(policy, "policy-type", text(ReportCheck::isPolicyType));
            required(policy, "policy-domain", text(ReportCheck::isALabels));
            optional(policy, "policy-string", ReportCheck::isArrayOfTexts);
            optional(policy, "mx-host", ReportCheck::isArrayOfTexts);
            switch (policy.path("policy-type").asText()) {
                case "sts" -> sts(policy, element.path("failure-details"));
                case "tlsa" -> all(policy, "policy-string", value -> TLSA.matcher(value).matches());
                default -> { }
            }
        }
        JsonNode summary = element.path("summary");
        if (object(summary, "summary")) {
            required(summary, "total-successful-session-count", ReportCheck::isCount);
            required(summary, "total-failure-session-count", ReportCheck::isCount);
        }
        optional(element, "failure-details", JsonNode::isArray);
        element.path("failure-details").forEach(detail -> detail(detail, summary.path("total-failure-session-count").asLong()));
    }

    /** Requires the applied policy (RFC 8460 §4.4), unless a failure says that it could not be fetched or was invalid. */
    private void sts(JsonNode policy, JsonNode details) {
        boolean hasPolicy = true;
        for (JsonNode detail : details) {
            hasPolicy &= !detail.path("result-type").asText().startsWith("sts-");
        }
        if (hasPolicy) {
            required(policy, "policy-string", JsonNode::isArray);
            required(policy, "mx-host", JsonNode::isArray);
            all(policy, "policy-string", value -> !value.stripLeading().startsWith("{") && !value.stripLeading().startsWith("["));
        }
        all(policy, "mx-host", value -> isALabels(value.startsWith("*.") ? value.substring(2) : value));
    }

    private void all(JsonNode parent, String name, Predicate<String> valid) {
        for (JsonNode value : parent.path(name)) {
            if (value.isTextual() && !valid.test(value.textValue())) {
                problem(name + " is not valid");
                return;
            }
        }
    }

    /** Reports lone surrogates and noncharacters (RFC 7493 §2.1). */
    private void texts(JsonNode node) {
        if (node.isTextual() && !isText(node.textValue())) {
            problem("a text with a lone surrogate or a noncharacter");
        }
        node.fieldNames().forEachRemaining(name -> {
            if (!isText(name)) {
                problem("a name with a lone surrogate or a noncharacter");
            }
        });
        node.forEach(this::texts);
    }

    private static boolean isText(String text) {
        return text.codePoints().noneMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE
            || c >= 0xfdd0 && c <= 0xfdef || (c & 0xfffe) == 0xfffe);
    }

    private static Optional<OffsetDateTime> time(JsonNode node) {
        try {
            return Optional.of(OffsetDateTime.parse(node.asText().toUpperCase(Locale.ROOT)));
        } catch (DateTimeParseException notOne) {
            return Optional.empty();
        }
    }

    private void detail(JsonNode detail, long failures) {
        if (!object(detail, "failure-details")) {
            return;
        }
        required(detail, "result-type", text(value -> ResultType.ofWireName(value).isPresent()));
        required(detail, "failed-session-count", count -> isCount(count) && count.asLong() <= failures);
        optional(detail, "sending-mta-ip", text(IpText::isCanonical));
        optional(detail, "receiving-ip", text(IpText::isCanonical));
        optional(detail, "receiving-mx-hostname", JsonNode::isTextual);
        optional(detail, "receiving-mx-helo", JsonNode::isTextual);
        optional(detail, "failure-reason-code", JsonNode::isTextual);
        optional(detail, "additional-information", text(ReportCheck::isUri));
    }

    private boolean object(JsonNode node, String name) {
        if (!node.isObject()) {
            problem(name + " is not an object");
        }
        return node.isObject();
    }

    private void required(JsonNode parent, String name, Predicate<JsonNode> valid) {
        if (parent.path(name).isMissingNode()) {
            problem(name + " is missing");
        } else {
            optional(parent, name, valid);
        }
    }

    private void optional(JsonNode parent, String name, Predicate<JsonNode> valid) {
        JsonNode value = parent.path(name);
        if (!value.isMissingNode() && !valid.test(value)) {
            problem(name + " is not valid");
        }
    }

    private void problem(String text) {
        if (problems.size() < MAX_PROBLEMS) {
            problems.add(text);
        }
    }

    private static Predicate<JsonNode> text(Predicate<String> valid) {
        return node -> node.isTextual() && valid.test(node.textValue());
    }

    private static boolean isArrayOfTexts(JsonNode node) {
        boolean[] texts = {node.isArray()};
        node.forEach(element -> texts[0] &= element.isTextual());
        return texts[0];
    }

    private static boolean isCount(JsonNode node) {
        return node.isIntegralNumber() && node.canConvertToLong() && node.longValue() >= 0 && node.longValue() <= MAX_COUNT;
    }

    private static boolean isPolicyType(String text) {
        return Arrays.stream(PolicyType.values()).anyMatch(type -> type.wireName().equals(text));
    }

    private static boolean isALabels(String text) {
        return DomainName.parse(text).filter(name -> name.ascii().equalsIgnoreCase(text)).isPresent();
    }

    private static boolean isUri(String text) {
        try {
            return new URI(text).isAbsolute();
        } catch (URISyntaxException notOne) {
            return false;
        }
    }
}
