package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import jamestls.mtasts.sts.StsPolicy.PolicySyntaxError;
import java.nio.charset.StandardCharsets;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** The linter and the delivery must agree. */
class LintPropertiesTest {

    @Provide
    static Arbitrary<String> policies() {
        return Arbitraries.of("version: STSv1", "mode: enforce", "mode: none", "mode: x", "max_age: 86400", "max_age: 99999999999",
            "mx: a.example", "mx: *.b.example", "mx: *", "Mode: enforce", "x: y", "", "nonsense", "mode:").list().ofMaxSize(8)
            .map(lines -> String.join("\n", lines));
    }

    @Provide
    static Arbitrary<List<String>> records() {
        return Arbitraries.of("v=STSv1", "v=STSv2", ";", "; ", " ;", "id=1", "id=a-b", "ID=1", "x=y", "x", " ", "\"", "=")
            .list().ofMaxSize(8).map(parts -> String.join("", parts)).list().ofMaxSize(3);
    }

    @Property
    void policyShouldHaveProblemsIfAndOnlyIfItIsInvalid(@ForAll("policies") String policy) {
        byte[] body = policy.getBytes(StandardCharsets.UTF_8);
        PolicyLint lint = PolicyLint.of(body);

        assertThat(lint.problems().isEmpty()).isEqualTo(StsPolicy.parse(body) instanceof ParsedPolicy.Valid);
        assertThat(lint.policy().isPresent()).isEqualTo(lint.problems().isEmpty());
        if (StsPolicy.parse(body) instanceof ParsedPolicy.Invalid(PolicySyntaxError first)) {
            assertThat(lint.problems().getFirst().line()).isEqualTo(first.line());
            assertThat(lint.problems().getFirst().text()).isEqualTo(first.reason());
        }
    }

    @Property
    void recordsShouldHaveProblemsIfAndOnlyIfTheyAreNotValid(@ForAll("records") List<String> records) {
        RecordLint lint = RecordLint.of(records);

        assertThat(lint.id().isPresent()).isEqualTo(StsRecord.of(records) instanceof StsRecord.Valid);
        assertThat(lint.problems().isEmpty()).isEqualTo(lint.id().isPresent());
    }

    @Property
    void bytesOfAnyKindShouldBeJudged(@ForAll byte[] body) {
        assertThat(PolicyLint.of(body).problems().isEmpty()).isEqualTo(StsPolicy.parse(body) instanceof ParsedPolicy.Valid);
    }
}
