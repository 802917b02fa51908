package jamestls.tlsrpt.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import jamestls.tlsrpt.Vectors;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class RuaRecordTest {

    @TestFactory
    Stream<DynamicTest> recordShouldBeReadByTheGrammar() {
        return Vectors.tests("txt-record", (input, expected) -> {
            Optional<RuaRecord> record = RuaRecord.parse(input.asText());
            assertThat(record.isPresent()).isEqualTo(expected.path("strict_valid").asBoolean());
            if (expected.has("usable_rua")) {
                assertThat(record.map(RuaRecord::usable).orElse(List.of())).extracting(Rua::uri)
                    .containsExactlyElementsOf(texts(expected.path("usable_rua")));
            }
            expected.path("extensions").fields().forEachRemaining(extension ->
                assertThat(record.orElseThrow().extensions()).containsEntry(extension.getKey(), extension.getValue().asText()));
        });
    }

    @TestFactory
    Stream<DynamicTest> exactlyOneRecordShouldCount() {
        return Vectors.tests("txt-lookup", (input, expected) -> {
            if (!input.isArray()) {
                // what DNS answers is RuaLookup's to judge
                assertThat(expected.path("result").asText()).isIn("temporary-error", "none");
                return;
            }
            List<String> records = new ArrayList<>();
            input.forEach(strings -> records.add(String.join("", texts(strings))));
            RuaRecord.Selection selection = RuaRecord.select(records);
            if (expected.path("result").asText().equals("record")) {
                assertThat(selection).isEqualTo(new RuaRecord.Found(RuaRecord.parse(expected.path("record").asText()).orElseThrow()));
            } else {
                assertThat(selection).isInstanceOf(RuaRecord.None.class);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> uriShouldBecomeItsDestination() {
        return Stream.of("mailto-percent-plus", "mailto-quoted-local").map(name -> DynamicTest.dynamicTest(name, () -> {
            JsonNode vector = Vectors.one("rua-uri", name);
            String uri = vector.path("input").asText();
            assertThat(Rua.of(uri)).isEqualTo(new Rua.Mailto(uri, vector.path("expected").path("address").asText()));
        }));
    }

    @Test
    void sameUriTwiceShouldBeOneDestination() {
        String text = Vectors.one("rua-uri", "dedupe-same-uri-twice").path("input").asText();
        assertThat(RuaRecord.parse(text).orElseThrow().usable()).hasSize(1);
    }

    @Test
    void severalRuaFieldsShouldAllCount() {
        assertThat(RuaRecord.parse("v=TLSRPTv1; rua=mailto:a@x.example; rua=https://b.example/r").orElseThrow().usable()).hasSize(2);
    }

    @Test
    void blankBeforeTheFirstSemicolonShouldBeAccepted() {
        assertThat(RuaRecord.parse("v=TLSRPTv1 ;rua=mailto:a@x.example")).isPresent();
    }

    @Test
    void headersInMailtoShouldNotReachUs() {
        assertThat(Rua.of("mailto:a@x.example?bcc=victim%40y.example")).extracting("address").isEqualTo("a@x.example");
    }

    @Test
    void encodedLineBreakShouldMakeAnAddressUnusable() {
        assertThat(Rua.of("mailto:a@x.example%0d%0aBcc:%20v@y.example")).isInstanceOf(Rua.Unusable.class);
    }

    @Test
    void twoAddressesInOneUriShouldBeUnusable() {
        assertThat(Rua.of("mailto:a@x.example%2Cb@x.example")).isInstanceOf(Rua.Unusable.class);
    }

    @Test
    void userNameInWebAddressShouldBeUnusable() {
        assertThat(Rua.of("https://user:secret@x.example/")).isInstanceOf(Rua.Unusable.class);
    }

    @Test
    void schemeShouldBeReadInAnyCase() {
        assertThat(Rua.of("MAILTO:a@X.Example")).extracting("address").isEqualTo("a@x.example");
    }

    @Test
    void overlongRecordShouldBeRefused() {
        assertThat(RuaRecord.parse("v=TLSRPTv1;rua=mailto:a@x.example;e=" + "x".repeat(20_000))).isEmpty();
    }

    @Property
    void anyTextShouldBeReadWithoutException(@ForAll("recordLike") String text) {
        RuaRecord.parse(text).ifPresent(record -> assertThat(record.destinations()).isNotEmpty()
            .allSatisfy(rua -> {
                if (rua instanceof Rua.Mailto mailto) {
                    assertThat(mailto.address()).matches("[\\x21-\\x7e]+@[a-z0-9._-]+");
                }
            }));
    }

    @Provide
    Arbitrary<String> recordLike() {
        Arbitrary<String> pieces = Arbitraries.of("v=TLSRPTv1", ";", " ", ",", "rua=", "mailto:", "a@b.example", "https://x.example", "%",
            "%0d%0a", "%zz", "!10m", "\"", "\u00e9", "\0", "?", "ext=1", "@", ":", "\r\n");
        Arbitrary<String> like = pieces.list().ofMaxSize(30).map(list -> "v=TLSRPTv1;rua=mailto:" + String.join("", list));
        Arbitrary<String> shuffled = pieces.list().ofMaxSize(40).map(list -> String.join("", list));
        return Arbitraries.oneOf(like, Arbitraries.strings().ofMaxLength(200), shuffled);
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(text -> texts.add(text.asText()));
        return texts;
    }
}
