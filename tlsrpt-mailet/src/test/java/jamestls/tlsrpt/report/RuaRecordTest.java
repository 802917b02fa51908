package jamestls.tlsrpt.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import jamestls.rua.Rua;
import jamestls.rua.RuaRecord;
import jamestls.tlsrpt.Vectors;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RuaRecordTest {

    /** Malformed by the grammar, but accepted (ADR 40). */
    private static final Set<String> ACCEPTED_DEVIATIONS = Set.of(
        "v=TLSRPTv1; rua=mailto:tls@rcpt.example , \t\t https://in.rcpt.example/tlsrpt  ",
        "v=TLSRPTv1; rua=mailto:a@rcpt.example,mailto:b@rcpt.example,");

    @TestFactory
    Stream<DynamicTest> recordShouldBeReadByTheGrammar() {
        return Vectors.tests("txt-record", (input, expected) -> {
            Optional<RuaRecord> record = RuaRecord.parse(input.asText());
            assertThat(record.isPresent()).isEqualTo(expected.path("strict_valid").asBoolean()
                || ACCEPTED_DEVIATIONS.contains(input.asText()));
            String usable = ACCEPTED_DEVIATIONS.contains(input.asText()) ? "lenient_usable_rua" : "usable_rua";
            if (expected.has(usable)) {
                // an IP address is a valid host of a URI, but nothing is sent there (ADR 40)
                assertThat(record.map(RuaRecord::usable).orElse(List.of())).extracting(Rua::uri)
                    .containsExactlyElementsOf(texts(expected.path(usable)).stream().filter(uri -> !uri.startsWith("https://[")).toList());
            }
            expected.path("extensions").fields().forEachRemaining(extension ->
                assertThat(record.orElseThrow().extensions()).containsEntry(extension.getKey(), extension.getValue().asText()));
        });
    }

    @TestFactory
    Stream<DynamicTest> exactlyOneRecordShouldCount() {
        return Vectors.tests("txt-lookup", (input, expected) -> {
            if (!input.isArray()) {
                // answers of DNS are handled by RuaLookup
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

    @ParameterizedTest
    @CsvSource({"mailto:a/b@x.example, mailto:a/b@x.example", "mailto:A%2Fb%25@x.example, mailto:a%2Fb%25@x.example",
        "MAILTO:Ab~c@X.example, mailto:ab~c@x.example", "HTTPS://X.example#y, https://x.example/"})
    void idShouldBeOneOfTheSpellings(String uri, String id) {
        assertThat(Rua.of(uri).id()).isEqualTo(id);
    }

    @Test
    void sameUriTwiceShouldBeOneDestination() {
        String text = Vectors.one("rua-uri", "dedupe-same-uri-twice").path("input").asText();
        assertThat(RuaRecord.parse(text).orElseThrow().usable()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "mailto:a@b.example,MAILTO:a@B.Example,mailto:%61@b.example",
        "mailto:a@b.example,mailto:A@b.example,mailto:%22a%22@b.example,mailto:%22%5Ca%22@b.example,mailto:?to=a@b.example",
        "mailto:a@b.example,mailto:a@b.example?subject=x,mailto:a@b.example#top",
        "https://b.example,HTTPS://B.EXAMPLE:443/,https://b.example/#x",
        "https://b.example/%7eA,https://b.example/~%41"})
    void spellingsOfOneDestinationShouldBeOneDestination(String uris) {
        assertThat(RuaRecord.parse("v=TLSRPTv1;rua=" + uris).orElseThrow().destinations()).singleElement().extracting(Rua::uri)
            .isEqualTo(uris.substring(0, uris.indexOf(',')));
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', value = {
        "mailto:tls@b%C3%BCcher.example, tls@xn--bcher-kva.example",
        "mailto:?to=a@x.example, a@x.example",
        "mailto:?subject=y&TO=a%40x.example, a@x.example",
        "mailto:%22oh%5C%5Cno%22@x.example, `\"oh\\\\no\"@x.example`",
        "mailto:%22not%40me%22@x.example, `\"not@me\"@x.example`",
        "mailto:%22%5C%5C%5C%22it's%5C%20ugly%5C%5C%5C%22%22@x.example, `\"\\\\\\\"it's ugly\\\\\\\"\"@x.example`",
        "mailto:gorby%25kremvax@x.example, gorby%kremvax@x.example",
        "mailto:unlikely%3Faddress@x.example, unlikely?address@x.example",
        "mailto:Mike%26family@x.example, Mike&family@x.example",
        "mailto:a@x.example#fragment, a@x.example",
        "mailto:a@x.exampl%65, a@x.example"})
    void addressShouldBeParsedByRfc6068(String uri, String address) {
        assertThat(Rua.of(uri)).isEqualTo(new Rua.Mailto(uri, address));
    }

    @ParameterizedTest
    @ValueSource(strings = {"mailto:", "mailto:?subject=x", "mailto://a@x.example", "mailto:a@x.example?to=b@x.example",
        "mailto:j%C3%BCrgen@x.example", "mailto:a@[192.0.2.1]", "mailto:a@%FF.example", "mailto:a%zz@x.example", "mailto:#a@x.example",
        "mailto:a@x.example%4", "x#y:z", "https://x.example:100000/",
        "https:", "https:///x", "https://192.0.2.1/", "https://[2001:db8::1]/", "https://2130706433/", "https://0x7f.1/",
        "https://x.example:0/", "https://x.example:65536/", "https://a@x.example/", "no uri"})
    void uriWithoutOneAddressOrAHostNameShouldBeUnusable(String uri) {
        assertThat(Rua.of(uri)).isInstanceOf(Rua.Unusable.class);
    }

    @ParameterizedTest
    @CsvSource({"https://x.example, https://x.example/", "https://x.example?a=b, https://x.example/?a=b",
        "HTTPS://X.Example:0443/In, https://x.example/In", "https://b%C3%BCcher.example:8443/r, https://xn--bcher-kva.example:8443/r",
        "https://a_b.example/r#x, https://a_b.example/r",
        "https://x.example:1/r, https://x.example:1/r", "https://x.example:65535/r, https://x.example:65535/r"})
    void httpsUriShouldBeParsedByRfc3986(String uri, String location) {
        assertThat(Rua.of(uri)).isEqualTo(new Rua.Https(uri, URI.create(location)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"v=TLSRPTv1;rua=mailto:a@x.example,", "v=TLSRPTv1;rua=mailto:a@x.example , ;",
        "v=TLSRPTv1;rua=mailto:a@x.example ", "v=TLSRPTv1;rua=mailto:a@x.example;\t"})
    void unambiguousDeviationShouldBeAccepted(String record) {
        assertThat(RuaRecord.parse(record).orElseThrow().usable()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"v=TLSRPTv1;rua=,", "v=TLSRPTv1;rua=", "v=TLSRPTv1;rua=,mailto:a@x.example",
        "v=TLSRPTv1;rua=mailto:a@x.example,,", "v=TLSRPTv1;rua=mailto:a@x.example#a#b", " v=TLSRPTv1;rua=mailto:a@x.example"})
    void otherDeviationsShouldMakeTheRecordMalformed(String record) {
        assertThat(RuaRecord.parse(record)).isEmpty();
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
    void headersInMailtoShouldBeIgnored() {
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
    void userNameInHttpsUriShouldBeUnusable() {
        assertThat(Rua.of("https://user:secret@x.example/")).isInstanceOf(Rua.Unusable.class);
    }

    @Test
    void schemeShouldBeCaseInsensitive() {
        assertThat(Rua.of("MAILTO:a@X.Example")).extracting("address").isEqualTo("a@x.example");
    }

    @Test
    void overlongRecordShouldBeRefused() {
        assertThat(RuaRecord.parse("v=TLSRPTv1;rua=mailto:a@x.example;e=" + "x".repeat(20_000))).isEmpty();
    }

    @Property
    void anyTextShouldBeParsedWithoutException(@ForAll("recordLike") String text) {
        RuaRecord.parse(text).ifPresent(record -> assertThat(record.destinations()).isNotEmpty()
            .allSatisfy(rua -> {
                if (rua instanceof Rua.Mailto mailto) {
                    assertThat(mailto.address()).matches("[\\x20-\\x7e]+@[a-z0-9._-]+");
                    assertThat(Rua.of(mailto.id())).extracting(Rua::id).isEqualTo(mailto.id());
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
