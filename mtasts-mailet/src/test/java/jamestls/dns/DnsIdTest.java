package jamestls.dns;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.TestCa;
import jamestls.mtasts.Vectors;
import jamestls.mtasts.Vectors.Vector;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class DnsIdTest {

    private static final TestCa CA = TestCa.create("root");

    static List<Vector> vectors() {
        return Vectors.of("certificate_name");
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void matchesShouldAgreeWithTheVectors(Vector vector) {
        String[] san = StreamSupport.stream(vector.input().path("cert").path("san").spliterator(), false)
            .map(name -> name.asText()).toArray(String[]::new);
        X509Certificate certificate = san.length == 0
            ? CA.issueCommonNameOnly(vector.input().path("cert").path("cn").asText()).chain().getFirst()
            : CA.issue(san).chain().getFirst();

        // rest-cn-only: RFC 8461 §4.2 needs a DNS-ID, a common name must not count
        assertThat(DnsId.matches(certificate, DomainName.of("mail.example.com")))
            .isEqualTo(vector.expected().path("match").asBoolean());
    }

    @ParameterizedTest
    @CsvSource({
        "mx.good.example,    mx.good.example,   true",
        "MX.Good.Example,    mx.good.example,   true",
        "good.example,       mx.good.example,   false",
        "mx.good.example,    good.example,      false",
        "*.good.example,     mx.good.example,   true",
        "*.good.example,     a.mx.good.example, false",
        "*.good.example,     good.example,      false",
        "m*.good.example,    mx.good.example,   false",
        "*x.good.example,    mx.good.example,   false",
        "mx.*.example,       mx.good.example,   false",
        "*.*.example,        mx.good.example,   false",
        "*.example,          good.example,      false",
        "*,                  mx,                false",
    })
    void matchesShouldTakeAWildcardOnlyAsTheWholeLeftmostLabel(String presented, String name, boolean expected) {
        X509Certificate certificate = CA.issue(presented).chain().getFirst();

        assertThat(DnsId.matches(certificate, DomainName.of(name))).isEqualTo(expected);
    }

    @Test
    void matchesShouldLookAtEveryName() {
        X509Certificate certificate = CA.issue("a.example", "b.example").chain().getFirst();

        assertThat(DnsId.matches(certificate, DomainName.of("b.example"))).isTrue();
        assertThat(DnsId.presented(certificate)).containsExactly("a.example", "b.example");
    }

    @Test
    void lettersBeyondAsciiShouldNotFoldIntoAName() {
        // U+212A, the sign for kelvin, is a k in lower case
        assertThat(DnsId.covers("mx.\u212Aelvin.example", DomainName.of("mx.kelvin.example"))).isFalse();
        assertThat(DnsId.covers("mx.Kelvin.example", DomainName.of("mx.kelvin.example"))).isTrue();
    }

    @Test
    void nameLongerThanAnyShouldNotBeReadThrough() {
        String longest = "a".repeat(63) + "." + "b".repeat(63) + "." + "c".repeat(63) + "." + "d".repeat(59);

        assertThat(DnsId.covers("*." + longest, DomainName.of("x." + longest))).isTrue();
        assertThat(DnsId.covers("\u0130".repeat(100_000), DomainName.of(longest))).isFalse();
    }
}
