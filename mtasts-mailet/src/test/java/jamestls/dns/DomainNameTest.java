package jamestls.dns;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DomainNameTest {

    @ParameterizedTest
    @CsvSource({"bücher.example, xn--bcher-kva.example", "BÜCHER.Example, xn--bcher-kva.example", "例え。example, xn--r8jz45g.example",
        "ΑΘΗΝΑ.example, xn--mxaard0a.example", "ｂｕｃｈ.example, buch.example", "пример.example, xn--e1afmkfd.example"})
    void nameThatBothStandardsReadAlikeShouldBeRead(String text, String ascii) {
        assertThat(DomainName.parse(text)).contains(DomainName.of(ascii));
    }

    @ParameterizedTest
    @ValueSource(strings = {"faß.example", "FAß.example", "ς.example", "ΑΘΉΝΑς.example", "a\u200db.example", "a\u200cb.example",
        "\u04c0.example"})
    void nameThatTheStandardsReadDifferentlyShouldBeRefused(String text) {
        assertThat(DomainName.parse(text)).isEmpty();
    }
}
