package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.mtasts.sts.StsPolicy.Mode;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Policies that are written here are read here. */
class WrittenPolicyTest {

    @Property(tries = 300)
    void writtenPolicyShouldBeReadAsMeantAndGiveNoProblemToLint(@ForAll Mode mode, @ForAll @IntRange(max = 31_557_600) int maxAge,
                                                               @ForAll("patterns") List<MxPattern> mx) {
        StsPolicy policy = StsPolicy.of(mode, Duration.ofSeconds(maxAge), mx);

        assertThat(StsPolicy.parse(policy.text().getBytes(StandardCharsets.US_ASCII)))
            .isEqualTo(new ParsedPolicy.Valid(policy));
        assertThat(PolicyLint.of(policy.text().getBytes(StandardCharsets.US_ASCII)).problems()).isEmpty();
        assertThat(StsRecord.of(List.of("v=STSv1; id=" + StsRecord.idOf(policy) + ";"))).isEqualTo(
            new StsRecord.Valid(StsRecord.idOf(policy)));
        assertThat(StsRecord.isDerived(StsRecord.idOf(policy))).isTrue();
    }

    @Provide
    Arbitrary<List<MxPattern>> patterns() {
        return Arbitraries.strings().withCharRange('a', 'z').ofMinLength(1).ofMaxLength(20).map(label -> label + ".example")
            .flatMap(host -> Arbitraries.of(host, "*." + host)).map(MxPattern::new).list().uniqueElements().ofMinSize(1).ofMaxSize(20);
    }

    @Test
    void idShouldFollowTheContentAndNotTheEndsOfLines() {
        StsPolicy policy = StsPolicy.of(Mode.TESTING, Duration.ofDays(7), List.of(new MxPattern("mx.example.org")));
        StsPolicy read = ((ParsedPolicy.Valid) StsPolicy.parse(policy.text().replace("\n", "\r\n").getBytes(StandardCharsets.US_ASCII)))
            .policy();

        assertThat(StsRecord.idOf(policy)).isEqualTo(StsRecord.idOf(read)).hasSize(32)
            .isNotEqualTo(StsRecord.idOf(StsPolicy.of(Mode.ENFORCE, Duration.ofDays(7), policy.mx())));
        assertThat(StsRecord.isDerived("20260101T000000")).isFalse();
    }

    @Test
    void policyThatSendersWouldRefuseShouldNotBeWritten() {
        List<MxPattern> many = Collections.nCopies(5_000, new MxPattern("a-rather-long-name-of-a-host.example.org"));

        assertThatThrownBy(() -> StsPolicy.of(Mode.ENFORCE, Duration.ofDays(7), many)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> StsPolicy.of(Mode.ENFORCE, Duration.ofDays(7), List.of())).hasMessage("no mx in mode enforce");
    }
}
