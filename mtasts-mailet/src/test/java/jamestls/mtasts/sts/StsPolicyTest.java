package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import jamestls.dns.DomainName;
import jamestls.mtasts.Vectors;
import jamestls.mtasts.Vectors.Vector;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import jamestls.mtasts.sts.StsPolicy.PolicySyntaxError;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class StsPolicyTest {

    private static final DomainName DOMAIN = DomainName.of("example.com");

    static Stream<Vector> vectors() {
        return Vectors.of("policy_parse").stream().filter(vector -> vector.input().has("body"));
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void verdictShouldBeThatOfTheVector(Vector vector) {
        ParsedPolicy parsed = parse(body(vector.input().get("body")));

        JsonNode expected = vector.expected();
        if (!expected.get("result").asText().equals("accept")) {
            assertThat(expected.get("result").asText()).isIn("reject", "reject-by-strict-grammar");
            assertThat(parsed).isInstanceOf(ParsedPolicy.Invalid.class);
            return;
        }
        StsPolicy policy = valid(parsed);
        if (expected.has("mode")) {
            assertThat(policy.mode().wireName()).isEqualTo(expected.get("mode").asText());
        }
        if (expected.has("max_age")) {
            assertThat(policy.maxAge()).isEqualTo(Duration.ofSeconds(expected.get("max_age").asLong()));
        }
        if (expected.has("mx")) {
            assertThat(policy.mx()).extracting(MxPattern::text).isEqualTo(texts(expected.get("mx")));
        }
    }

    @Test
    void uLabelsInMxShouldMakeThePolicyInvalid() {
        // one vector wants them converted; RFC 8461 §3.2 has the owner do that: the mx field is in A-labels
        Vector vector = Vectors.of("policy_parse").stream()
            .filter(candidate -> candidate.name().equals("u-label-mx-normalised-to-a-label")).findFirst().orElseThrow();

        assertThat(texts(vector.input().get("mx"))).isNotEmpty().allSatisfy(pattern ->
            assertThat(parse("version: STSv1\nmode: enforce\nmx: " + pattern + "\nmax_age: 1\n")).isInstanceOf(ParsedPolicy.Invalid.class));
    }

    @Test
    void policyShouldBeReadWhateverTheOrderAndTheLineEnds() {
        StsPolicy policy = valid(parse("max_age:86400\r\nmx: *.Example.COM \t\nx-note: déjà vu\r\nmode:\t testing\nversion: STSv1"));

        assertThat(policy.mode()).isEqualTo(StsPolicy.Mode.TESTING);
        assertThat(policy.maxAge()).isEqualTo(Duration.ofDays(1));
        assertThat(policy.mx()).containsExactly(new MxPattern("*.example.com"));
        assertThat(policy.policyStrings())
            .containsExactly("max_age:86400", "mx: *.Example.COM \t", "x-note: déjà vu", "mode:\t testing", "version: STSv1");
    }

    @Test
    void appliedPolicyShouldQuoteThePublishedLines() {
        StsPolicy policy = valid(parse("version: STSv1\r\nmode: enforce\r\nmx: MX.example.com\r\nmax_age: 1\r\nfoo: bar\r\n"));

        assertThat(policy.applied(DOMAIN)).isEqualTo(new AppliedPolicy(PolicyType.STS, DOMAIN,
            List.of("version: STSv1", "mode: enforce", "mx: MX.example.com", "max_age: 1", "foo: bar"), List.of("mx.example.com")));
    }

    @Test
    void modeNoneShouldApplyAsNoPolicy() {
        assertThat(valid(parse("version: STSv1\nmode: none\nmax_age: 86400\n")).applied(DOMAIN)).isEqualTo(AppliedPolicy.none(DOMAIN));
    }

    @Test
    void policyShouldListTheHostsThatOneOfItsPatternsMatches() {
        StsPolicy policy = valid(parse("version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.backup.example.com\nmax_age: 1\n"));

        assertThat(policy.lists(DomainName.of("mail.example.com"))).isTrue();
        assertThat(policy.lists(DomainName.of("b1.backup.example.com"))).isTrue();
        assertThat(policy.lists(DomainName.of("backup.example.com"))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "31557600, 31557600", "0031557600, 31557600", "31557601, 31557600", "4294967296, 31557600",
        "9999999999, 31557600"})
    void maxAgeShouldBeUpToAYear(String text, long seconds) {
        assertThat(valid(parse("version: STSv1\nmode: none\nmax_age: " + text + "\n")).maxAge()).isEqualTo(Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @ValueSource(strings = {"99999999999", "00000000001", "-1", "+1", "1.0", "1e3", "0x1", "1 2", "٣"})
    void maxAgeShouldBeRefusedOutOfBounds(String text) {
        assertThat(parse("version: STSv1\nmode: none\nmax_age: " + text + "\n")).isInstanceOf(ParsedPolicy.Invalid.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "\n", " ", "\uFEFFversion: STSv1\nmode: none\nmax_age: 1\n",
        "version: STSv1\n\nmode: none\nmax_age: 1\n", "version: STSv1\nmode: none\nmax_age: 1\n\n\r",
        "\nversion: STSv1\nmode: none\nmax_age: 1\n",
        " version: STSv1\nmode: none\nmax_age: 1\n",
        "version : STSv1\nmode: none\nmax_age: 1\n",
        "Version: STSv1\nmode: none\nmax_age: 1\n",
        "version: stsv1\nmode: none\nmax_age: 1\n",
        "version: STSv1\nmode: None\nmax_age: 1\n",
        "version: STSv1\nmode: none\nmax_age:\n",
        "version: STSv1\nmode: none\nmax_age: 1\nx: a\tb\n",
        "version: STSv1\nmode: none\nmax_age: 1\nx: a\rb\n",
        "version: STSv1\nmode: testing\nmax_age: 1\n",
        "version: STSv1\nmode: none\nmode: enforce"})
    void textThatIsNotAPolicyShouldBeRefused(String text) {
        assertThat(parse(text)).isInstanceOf(ParsedPolicy.Invalid.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r\n", "\n\n\r\n", " ", "\t \n", "\n \n\t"})
    void blankLinesAfterTheLastFieldShouldBeIgnored(String end) {
        // docs/adr/0024
        String text = "version: STSv1\nmode: none\nmax_age: 1\n";

        assertThat(valid(parse(text + end))).isEqualTo(valid(parse(text)));
    }

    @Test
    void bytesThatAreNotUtf8ShouldBeRefused() {
        byte[] latin1 = "version: STSv1\nmode: none\nmax_age: 1\nnote: caf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1);

        assertThat(StsPolicy.parse(latin1)).isEqualTo(new ParsedPolicy.Invalid(new PolicySyntaxError(0, "not UTF-8")));
    }

    @Test
    void errorShouldNameTheLine() {
        assertThat(parse("version: STSv1\nmode: enforced\n")).isInstanceOfSatisfying(ParsedPolicy.Invalid.class, invalid ->
            assertThat(invalid.error()).hasToString("line 2: mode is not enforce, testing or none"));
        assertThat(parse("\nversion: STSv1\nmode: none\nmax_age: 1\n")).isInstanceOfSatisfying(ParsedPolicy.Invalid.class, invalid ->
            assertThat(invalid.error()).hasToString("line 1: an empty line"));
        assertThat(parse("version: STSv1\n: none\n")).isInstanceOfSatisfying(ParsedPolicy.Invalid.class, invalid ->
            assertThat(invalid.error()).hasToString("line 2: " + PolicyGrammar.PolicyFault.BAD_NAME.reason()));
    }

    @Test
    void sizeShouldBeBoundedInBytesAndInLines() {
        String head = "version: STSv1\nmode: none\nmax_age: 1\nx: ";
        String full = head + "a".repeat(64 * 1024 - head.length());

        assertThat(parse(full)).isInstanceOf(ParsedPolicy.Valid.class);
        assertThat(parse(full + "a")).isInstanceOf(ParsedPolicy.Invalid.class);
        String threeLines = "version: STSv1\nmode: none\nmax_age: 1\n";
        assertThat(parse(threeLines + "mx: a.example\n".repeat(997))).isInstanceOf(ParsedPolicy.Valid.class);
        assertThat(parse(threeLines + "mx: a.example\n".repeat(998))).isInstanceOf(ParsedPolicy.Invalid.class);
        assertThat(parse(threeLines + "\n".repeat(997))).as("blank lines count").isInstanceOf(ParsedPolicy.Valid.class);
        assertThat(parse(threeLines + "\n".repeat(998))).isInstanceOf(ParsedPolicy.Invalid.class);
    }

    private static ParsedPolicy parse(String text) {
        return StsPolicy.parse(text.getBytes(StandardCharsets.UTF_8));
    }

    private static StsPolicy valid(ParsedPolicy parsed) {
        assertThat(parsed).isInstanceOf(ParsedPolicy.Valid.class);
        return ((ParsedPolicy.Valid) parsed).policy();
    }

    private static String body(JsonNode body) {
        return body.isTextual() ? body.asText() : body.get("prefix").asText() + "a".repeat(65_537);
    }

    private static List<String> texts(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asText).toList();
    }
}
