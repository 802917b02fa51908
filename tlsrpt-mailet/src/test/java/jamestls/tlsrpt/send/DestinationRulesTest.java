package jamestls.tlsrpt.send;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.rua.Rua;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DestinationRulesTest {

    private static final String RULES = """
        allow good@bad.example
        deny bad.example
        deny .evil.example
        replace old@example.com new@example.com
        replace https://old.example.com/v1 https://new.example.com/v2
        """;

    @ParameterizedTest
    @CsvSource({
        "mailto:good@bad.example, mailto:good@bad.example",
        "mailto:any@other.example, mailto:any@other.example",
        "mailto:OLD@example.com, mailto:new@example.com",
        "https://old.example.com/v1, https://new.example.com/v2",
        "https://old.example.com/other, https://old.example.com/other",
        "https://sub.bad.example/, https://sub.bad.example/",
        "mailto:a@notevil.example, mailto:a@notevil.example"
    })
    void rulesShouldMapDestination(String published, String after) {
        assertThat(DestinationRules.parse(RULES, Set.of(443)).apply(Rua.of(published)).uri()).isEqualTo(after);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mailto:x@bad.example", "mailto:x@BAD.example", "https://bad.example/in", "mailto:a@evil.example",
        "https://deep.in.evil.example/"})
    void destinationShouldBeDenied(String published) {
        assertThat(DestinationRules.parse(RULES, Set.of(443)).apply(Rua.of(published)))
            .isInstanceOfSatisfying(Rua.Unusable.class, denied -> assertThat(denied.reason()).contains("denied by the rule 'deny "));
    }

    @Test
    void finalDenyAllShouldDenyWhatNoRuleBeforeAllows() {
        DestinationRules rules = DestinationRules.parse("allow rcpt.example, deny *", Set.of(443));

        assertThat(rules.apply(Rua.of("mailto:a@rcpt.example"))).isInstanceOf(Rua.Mailto.class);
        assertThat(rules.apply(Rua.of("mailto:a@other.example"))).isInstanceOf(Rua.Unusable.class);
    }

    @Test
    void onlyAllowedPortsShouldPass() {
        DestinationRules rules = DestinationRules.parse("", Set.of(443, 8443));

        assertThat(rules.apply(Rua.of("https://a.example/"))).isInstanceOf(Rua.Https.class);
        assertThat(rules.apply(Rua.of("https://a.example:8443/"))).isInstanceOf(Rua.Https.class);
        assertThat(rules.apply(Rua.of("https://a.example:25/"))).isInstanceOf(Rua.Unusable.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"forbid a.example", "deny", "deny a b", "replace a@x.example", "replace a@x.example http://y.example/",
        "deny not a host", "deny a@", "allow -.-"})
    void invalidRuleShouldBeNamedInTheError(String line) {
        assertThatThrownBy(() -> DestinationRules.parse(line, Set.of(443))).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(line);
    }
}
