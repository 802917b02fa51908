package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FetchBackOffTest {

    private static final Violation PROBLEM = new Violation(ResultType.STS_POLICY_INVALID, "no mode");

    private final FetchBackOff backOff = new FetchBackOff();

    @Test
    void memoryShouldBeBoundedByTheTextsOfInvalidPolicies() {
        // 100 lines of 4,096 characters take some 800 KB, and the bound is 50 MB
        List<String> text = Collections.nCopies(100, "x".repeat(4_096));
        IntStream.range(0, 200).forEach(i -> backOff.remember(domain(i), new FetchFailure("1", Instant.EPOCH, PROBLEM, text)));

        assertThat(IntStream.range(0, 200).filter(i -> backOff.find(domain(i)).isPresent()).count()).isBetween(40L, 70L);
    }

    private static DomainName domain(int i) {
        return DomainName.of("d" + i + ".example");
    }
}
