package jamestls.mtasts.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.mtasts.policy.Rule.Destination;
import jamestls.mtasts.policy.RuleGrammar.Mistake;
import jamestls.mtasts.policy.RuleGrammar.NoRule;
import jamestls.mtasts.policy.RuleGrammar.Parsed;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is a rule, and what is said of what is none. */
class RuleGrammarTest {

    private static final Instant NOW = Instant.parse("2026-12-01T12:00:00Z");

    @ParameterizedTest
    @ValueSource(strings = {
        "partner.example secure match=.partner.example",
        "partner.example secure match=mail.partner.example:hostname:nexthop:dot-nexthop",
        "partner.example verify",
        ".gov.example dane-only",
        ".gov.example dane",
        "* encrypt",
        "a.example may",
        "mx:mx.slow.example concurrency=2 rate=30/m",
        "mx:.slow.example rate=1000000/s",
        "mx:mx.slow.example encrypt concurrency=10000 rate=1/h",
        "v4.example tls>=1.3 families=ipv4",
        "v4.example encrypt tls>=1.2 families=ipv6-first",
        "broken.example may until=2026-12-31T00:00:00Z reason=\"certificate expired, ticket 4711\"",
        "broken.example none until=2026-12-25T00:00:00Z reason=\"TLS hangs\"",
        "try.example observe until=2027-03-01T00:00:00Z",
        "try.example secure observe until=2027-03-01T00:00:00Z reason=\"a week to look\"",
        "xn--bcher-kva.example secure"})
    void ruleShouldReadAsItIsWritten(String rule) {
        assertThat(RuleGrammar.rule(rule, NOW)).hasToString(rule);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "BÜCHER.example secure | xn--bcher-kva.example secure",
        "MX:Host.Example. encrypt | mx:host.example encrypt",
        "a.example until=2026-12-24 reason=x may | a.example may until=2026-12-25T00:00:00Z reason=\"x\"",
        "a.example may until=2026-12-24T18:00+01:00 reason=\"x y\" | a.example may until=2026-12-24T17:00:00Z reason=\"x y\"",
        "  a.example   secure   match=.A.example | a.example secure match=.a.example"})
    void ruleShouldHaveOneForm(String written, String form) {
        assertThat(RuleGrammar.rule(written, NOW)).hasToString(form);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "a..example secure | 1 | 'a..example' is no destination: write domain, .domain, mx:host, mx:.host or *",
        "mx:* secure | 1 | is no destination",
        "[192.0.2.1] secure | 1 | is no destination",
        "a.example | 1 | changes nothing: add a level",
        "a.example secuer | 11 | did you mean 'secure'?",
        "a.example dane_only | 11 | did you mean 'dane-only'?",
        "a.example fingerprint | 11 | neither a level",
        "a.example mtach=x secure | 11 | did you mean 'match='?",
        "a.example tls=1.3 | 11 | did you mean 'tls>='?",
        "a.example until>=2026-12-24 | 11 | did you mean 'until='?",
        "a.example secure verify | 18 | a level stands twice",
        "a.example rate=1/s rate=2/s | 20 | rate stands twice",
        "a.example none | 11 | none sends in clear text, so it needs until= (at most 30 days ahead) and reason=",
        "a.example none until=2026-12-24 | 11 | none sends in clear text",
        "a.example none observe until=2026-12-24 reason=x | 11 | can't be observed",
        "a.example may until=2026-12-24 | 15 | until needs reason=",
        "a.example may reason=x | 15 | reason needs until=",
        "a.example observe | 11 | observe needs until=, at most 90 days ahead",
        "a.example observe until=2027-03-05 | 19 | at most 90 days",
        "a.example may until=2027-01-02 reason=x | 15 | at most 30 days",
        "a.example may until=24.12.2026 reason=x | 21 | is no date: write 2026-12-24",
        "a.example may until=2026-12-24T18:00 reason=x | 21 | is no date",
        "a.example encrypt match=b.example | 19 | match= belongs to verify or secure",
        "a.example secure match=b.example:-: | 34 | '-' is no name of a certificate",
        "a.example may tls>=1.3 | 15 | may does not: write encrypt",
        "a.example tls>=1.1 | 16 | write 1.2 or 1.3",
        "a.example concurrency=0 | 23 | no number from 1 to 10000",
        "a.example concurrency=99999999999 | 23 | no number from 1 to 10000",
        "a.example rate=5/d | 16 | such as 5/s, 30/m or 600/h",
        "a.example rate=0/s | 16 | is no rate",
        "a.example families=ipv5 | 20 | none of both, ipv4, ipv6, ipv4-first, ipv6-first; did you mean 'ipv4'?",
        "a.example may until=2026-12-24 reason=\"\" | 39 | a reason is 1 to 200 printable characters",
        "a.example may until=2026-12-24 reason=\" \" | 39 | a reason is 1 to 200 printable characters",
        "a.example may until=2026-12-24 reason=\"x | 39 | a quotation mark without its other one"})
    void mistakeShouldBeToldWithItsColumnAndWhatIsAllowed(String rule, int column, String text) {
        Parsed parsed = RuleGrammar.rules("# one\n\n" + rule, NOW, List.of());

        assertThat(parsed.rules()).isEmpty();
        assertThat(parsed.mistakes()).first().satisfies(mistake -> {
            assertThat(mistake.line()).isEqualTo(3);
            assertThat(mistake.column()).as(mistake.text()).isEqualTo(column);
            assertThat(mistake.text()).contains(text);
        });
        assertThatThrownBy(() -> RuleGrammar.rule(rule, NOW)).as("the command uses the same words")
            .isInstanceOf(NoRule.class).hasMessageContaining(text);
    }

    @Test
    void allMistakesShouldBeToldAtOnce() {
        Parsed parsed = RuleGrammar.rules("""
            a.example secuer rate=x
            good.example secure
            b.example none""", NOW, List.of());

        assertThat(parsed.mistakes()).extracting(Mistake::toString).satisfiesExactly(
            first -> assertThat(first).startsWith("line 1, column 11: 'secuer'"),
            second -> assertThat(second).startsWith("line 1, column 23: 'x' is no rate"),
            third -> assertThat(third).startsWith("line 3, column 11: none"));
        assertThat(parsed.rules()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "a.example secure | a.example encrypt",
        ".example secure | a.example encrypt",
        ".example secure | .b.example encrypt",
        "* encrypt | a.example secure",
        "* encrypt | .example secure",
        "mx:.example encrypt | mx:a.example secure",
        "a.example may until=2026-12-20 reason=x | a.example may until=2026-12-10 reason=y"})
    void hiddenRuleShouldBeRefused(String earlier, String hidden) {
        Parsed parsed = RuleGrammar.rules(earlier + "\n" + hidden, NOW, List.of());

        assertThat(parsed.mistakes()).singleElement().satisfies(mistake -> {
            assertThat(mistake.line()).isEqualTo(2);
            assertThat(mistake.text()).contains("is never reached").contains("in line 1");
        });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "a.example secure | .example encrypt",
        ".example secure | example encrypt",
        "* encrypt | mx:a.example secure",
        "a.example encrypt | mx:a.example secure",
        "a.example may until=2026-12-20 reason=x | a.example secure",
        "a.example may until=2026-12-10 reason=x | a.example may until=2026-12-20 reason=y",
        "a.example may until=2026-11-30 reason=x | a.example may until=2026-11-29 reason=x"})
    void ruleThatIsReachedAtSomeTimeShouldBeTaken(String earlier, String later) {
        assertThat(RuleGrammar.rules(earlier + "\n" + later, NOW, List.of()).mistakes()).isEmpty();
    }

    @Test
    void wordsOfACommandShouldBecomeOneRule() {
        Map<String, String> words = new LinkedHashMap<>();
        words.put("level", "may");
        words.put("tls>=", null);
        words.put("until=", "3d");
        words.put("reason=", "ticket 4711 until=2099-01-01");
        assertThat(command(words)).isEqualTo("a.example may until=2026-12-04T12:00:00Z reason=\"ticket 4711 until=2099-01-01\"");

        assertThat(command(Map.of("level", "secure", "match=", ".a.example"))).isEqualTo("a.example secure match=.a.example");
        words.clear();
        words.put("observe", "");
        words.put("until=", "2026-12-24");
        assertThat(command(words)).isEqualTo("a.example observe until=2026-12-25T00:00:00Z");
    }

    @Test
    void wordOfACommandShouldNotHideAnother() {
        assertThatThrownBy(() -> command(Map.of("level", "secure observe"))).isInstanceOf(NoRule.class)
            .hasMessageContaining("'secure observe' is more than one word");
        assertThatThrownBy(() -> command(Map.of("level", "secure", "match=", "a\" observe \"b"))).isInstanceOf(NoRule.class)
            .hasMessageContaining("a value has no quotation marks in it");
        assertThatThrownBy(() -> command(Map.of("level", "secuer"))).isInstanceOf(NoRule.class).hasMessageContaining("'secure'");
    }

    private static String command(Map<String, String> words) {
        return RuleGrammar.rule(new Destination(Destination.Kind.DOMAIN, "a.example"), words, NOW).toString();
    }

    @ParameterizedTest
    @CsvSource({"5/s, 200000000", "30/m, 2000000000", "600/h, 6000000000", "1000000/s, 1000"})
    void rateShouldBeThePauseBetweenTwoDeliveries(String rate, long nanos) {
        assertThat(RuleGrammar.rule("a.example rate=" + rate, NOW).traffic().rate().orElseThrow().nanosApart()).isEqualTo(nanos);
    }

    @ParameterizedTest
    @CsvSource({"secure, true", "concurrency=1, false", "rate=1/s, false", "families=ipv4, false"})
    void ruleShouldTellWhetherItLimitsTraffic(String words, boolean isEmpty) {
        assertThat(RuleGrammar.rule("a.example " + words, NOW).traffic().isEmpty()).isEqualTo(isEmpty);
    }

    @Test
    void lengthsShouldBeBounded() {
        String longest = "a.example" + " ".repeat(RuleGrammar.MAX_LINE - "a.examplesecure".length()) + "secure";
        assertThat(RuleGrammar.rule(longest, NOW)).hasToString("a.example secure");
        assertThatThrownBy(() -> RuleGrammar.rule(longest + " ", NOW)).hasMessageContaining("longer than 1000 characters");
        String names = "b.example:".repeat(19) + "b.example";
        assertThat(RuleGrammar.rule("a.example secure match=" + names, NOW).requirement().match()).hasSize(20);
        assertThatThrownBy(() -> RuleGrammar.rule("a.example secure match=" + names + ":c.example", NOW))
            .hasMessage("more than 20 names");
    }

    @Test
    void endInThePastShouldBeNoMistake() {
        assertThat(RuleGrammar.rule("a.example may until=2026-11-01 reason=x", NOW).isExpired(NOW)).isTrue();
    }

    @Test
    void hostileTextShouldBeBoundedAndCleaned() {
        assertThat(RuleGrammar.rules("\u0007".repeat(5_000), NOW, List.of()).mistakes()).singleElement()
            .extracting(Mistake::text).asString().isEqualTo("the line is longer than 1000 characters");
        assertThat(RuleGrammar.rules("a.example \u001b[31m", NOW, List.of()).mistakes().getFirst().text()).contains("'?[31m'");
        assertThat(RuleGrammar.rules("a.example may\n".repeat(3) + "x".repeat(100) + "\n", NOW, List.of()).mistakes()).hasSize(3);
    }
}
