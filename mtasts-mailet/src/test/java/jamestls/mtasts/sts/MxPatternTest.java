package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.mtasts.Vectors;
import jamestls.mtasts.Vectors.Vector;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MxPatternTest {

    /**
     * The vector wants the pattern {@code a.b.} to match, as a lenient matcher does. RFC 8461 §3.2 takes patterns from the
     * production Domain of RFC 5321 §4.1.2, which has no trailing dot: the pattern is invalid.
     */
    private static final List<String> AGAINST_THE_RFC = List.of("chasquid-03");

    static Stream<Vector> vectors() {
        return Vectors.of("mx_match").stream();
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void matchShouldBeThatOfTheVector(Vector vector) {
        Optional<DomainName> host = DomainName.parse(vector.input().get("mx_host").asText());
        boolean matches = host.isPresent() && StreamSupport.stream(vector.input().get("patterns").spliterator(), false)
            .flatMap(pattern -> MxPattern.parse(pattern.asText()).stream())
            .anyMatch(pattern -> pattern.matches(host.get()));

        boolean expected = vector.expected().get("match").asBoolean() && !AGAINST_THE_RFC.contains(vector.name());
        assertThat(matches).isEqualTo(expected);
    }

    @Test
    void wildcardShouldStandForExactlyOneLabel() {
        MxPattern pattern = new MxPattern("*.example.com");

        assertThat(pattern.matches(DomainName.of("mail.example.com"))).isTrue();
        assertThat(pattern.matches(DomainName.of("example.com"))).isFalse();
        assertThat(pattern.matches(DomainName.of("a.mail.example.com"))).isFalse();
        assertThat(pattern.matches(DomainName.of("mailexample.com"))).isFalse();
        assertThat(pattern.matches(DomainName.of("mail.example.com.org"))).isFalse();
    }

    @Test
    void caseAndTrailingDotOfTheHostShouldNotMatter() {
        assertThat(MxPattern.parse("Mail.EXAMPLE.com")).contains(new MxPattern("mail.example.com"));
        assertThat(new MxPattern("mail.example.com").matches(DomainName.of("MAIL.example.COM."))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "*", "*.", ".", "*.*.example.com", "a.*.example.com", "m*.example.com", "**.example.com", "*example.com",
        "192.0.2.1", "*.192.0.2.1", "[192.0.2.1]", "2001:db8::1", "[IPv6:2001:db8::1]",
        "mail..example.com", ".example.com", "mail.example.com.", "-mail.example.com", "mail-.example.com",
        "mail_1.example.com", "mäil.example.com", "\u212aelvin.example.com", "mail.example.com,backup.example.com", "a b.example",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example"})
    void anythingElseShouldBeNoPattern(String text) {
        assertThat(MxPattern.parse(text)).isEmpty();
    }
}
