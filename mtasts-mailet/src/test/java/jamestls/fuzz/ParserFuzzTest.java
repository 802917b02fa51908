package jamestls.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class ParserFuzzTest {

    @Test
    void nothingThatStrangersSendShouldBreakAReader() {
        List<FuzzRun> runs = ParserFuzz.fuzz(FuzzTargets.all(), Long.getLong("fuzz.seed", ThreadLocalRandom.current().nextLong()),
            Duration.ofSeconds(Long.getLong("fuzz.seconds", 7L)));

        assertThat(runs).isNotEmpty().allSatisfy(run -> {
            assertThat(run.inputs()).as(run.target()).isGreaterThan(100);
            assertThat(run.kinds()).as(run.target()).isGreaterThan(1);
        });
    }

    @Test
    void aFindingShouldNameTargetSeedAndInput() {
        FuzzTarget broken = new FuzzTarget("broken", FuzzCorpus.of(List.of("abc")), input -> {
            if (input.length > 3) {
                throw new ArrayIndexOutOfBoundsException(3);
            }
            return "short";
        });

        assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> new FuzzRun(broken, 42).go(Duration.ofSeconds(5)))
            .withMessageMatching("broken, seed 42, input \\d+, packed [A-Za-z0-9_-]{8,}: .*ArrayIndexOutOfBounds.*");
    }

    @Test
    void theSameSeedShouldComeUponTheSameFinding() {
        assertThat(finding(7)).isEqualTo(finding(7));
    }

    @Test
    void packedInputShouldBeTheInput() {
        byte[] input = new byte[Mutator.MAX];
        new Random(1).nextBytes(input);

        assertThat(PackedInput.unpack(PackedInput.pack(input))).isEqualTo(input);
        assertThat(PackedInput.unpack(PackedInput.pack(new byte[0]))).isEmpty();
    }

    private static String finding(long seed) {
        FuzzTarget broken = new FuzzTarget("broken", FuzzCorpus.of(List.of("mode: enforce\n")), input -> {
            assertThat(input).hasSizeLessThan(30);
            return "short";
        });
        FuzzRun run = new FuzzRun(broken, seed);
        assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> run.go(Duration.ofSeconds(5)));
        return run.where();
    }
}
