package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;

class StsGrammarPropertiesTest {

    private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();

    @Property
    void parsingAnyBytesShouldGiveAVerdict(@ForAll @Size(max = 300) byte[] body) {
        assertThat(StsPolicy.parse(body)).isNotNull();
    }

    @Property
    void parsingAnythingMadeOfFamiliarPiecesShouldGiveAVerdict(@ForAll("pieces") List<String> pieces) {
        byte[] body = String.join("", pieces).getBytes(StandardCharsets.UTF_8);

        assertThat(StsPolicy.parse(body)).satisfiesAnyOf(
            parsed -> assertThat(parsed).isInstanceOf(ParsedPolicy.Invalid.class),
            parsed -> assertThat(((ParsedPolicy.Valid) parsed).policy().maxAge())
                .isBetween(Duration.ZERO, StsPolicy.MAX_MAX_AGE));
    }

    @Property(tries = 200)
    void eightTimesAsLongAFileShouldTakeAboutEightTimesAsLong(@ForAll("pieces") List<String> pieces) {
        String piece = String.join("", pieces) + "x";
        byte[] shorter = filledWith(piece, 8 * 1024);
        byte[] longer = filledWith(piece, 64 * 1024);

        // squared, it would be 64 times as long; the slack is for the compiler and the collector
        assertThat(cpuOfParsing(longer)).isLessThan(24 * cpuOfParsing(shorter) + Duration.ofMillis(20).toNanos());
    }

    @Property
    void printingAndParsingShouldGiveTheSamePolicy(@ForAll("policies") String text) {
        StsPolicy policy = valid(text);

        assertThat(valid(policy.text())).isEqualTo(policy);
        assertThat(valid(text.replace("\n", "\r\n"))).isEqualTo(policy);
    }

    @Property
    void anyRecordSetShouldGiveAVerdict(@ForAll @Size(max = 5) List<String> records) {
        assertThat(StsRecord.of(records)).isNotNull();
    }

    @Property
    void recordOfTheGrammarShouldBeValid(@ForAll("ids") String id, @ForAll("extensions") List<String> extensions,
                                         @ForAll("delimiters") String delimiter) {
        List<String> fields = new ArrayList<>(extensions);
        fields.add("id=" + id);
        Collections.shuffle(fields, new Random(id.hashCode()));

        assertThat(StsRecord.of(List.of("v=STSv1" + delimiter + String.join(delimiter, fields)))).isEqualTo(new StsRecord.Valid(id));
        assertThat(StsRecord.of(List.of("v=STSv1" + delimiter + String.join(delimiter, fields) + delimiter)))
            .isEqualTo(new StsRecord.Valid(id));
    }

    @Provide
    Arbitrary<List<String>> pieces() {
        return Arbitraries.of("version", "mode", "max_age", "mx", ":", " ", "\n", "\r\n", "\r", "STSv1", "enforce", "testing", "none",
            "1", "31557600", "99999999999", "*.", "mail.example", "x", "é", "\u0000", "version: STSv1\n", "mode: none\n", "max_age: 60\n")
            .list().ofMaxSize(30);
    }

    @Provide
    Arbitrary<String> policies() {
        Arbitrary<String> mode = Arbitraries.of("mode: enforce", "mode:testing", "mode:\tnone ");
        Arbitrary<String> maxAge = Arbitraries.integers().between(0, 31_557_600).map(seconds -> "max_age: " + seconds);
        Arbitrary<String> mx = Combinators.combine(Arbitraries.of("", "*."), name(), name())
            .as((star, a, b) -> "mx: " + star + a + "." + b);
        Arbitrary<String> extension = Combinators.combine(name(), Arbitraries.of("v", "a b", "x:y", "{é}", "日本"))
            .as((name, value) -> "x-" + name + ": " + value);
        return Combinators.combine(mode, maxAge, mx.list().ofMinSize(1).ofMaxSize(5), extension.list().ofMaxSize(3), Arbitraries.randoms())
            .as((modeLine, maxAgeLine, mxLines, extensions, random) -> {
                List<String> lines = new ArrayList<>(List.of("version: STSv1", modeLine, maxAgeLine));
                lines.addAll(mxLines);
                lines.addAll(extensions);
                Collections.shuffle(lines, random);
                return String.join("\n", lines) + "\n";
            });
    }

    @Provide
    Arbitrary<String> ids() {
        return Arbitraries.strings().alpha().numeric().ofMinLength(1).ofMaxLength(32);
    }

    @Provide
    Arbitrary<List<String>> extensions() {
        Arbitrary<String> value = Arbitraries.strings().withCharRange('!', '~').excludeChars(';', '=').ofMinLength(1).ofMaxLength(20);
        return Combinators.combine(name(), value).as((name, text) -> "x" + name + "=" + text).list().ofMaxSize(4);
    }

    @Provide
    Arbitrary<String> delimiters() {
        return Combinators.combine(Arbitraries.strings().withChars(' ', '\t').ofMaxLength(3),
            Arbitraries.strings().withChars(' ', '\t').ofMaxLength(3)).as((before, after) -> before + ";" + after);
    }

    private static byte[] filledWith(String piece, int bytes) {
        return piece.repeat(bytes / piece.length() + 1).substring(0, bytes).getBytes(StandardCharsets.ISO_8859_1);
    }

    /** The best of three, in nanoseconds of this thread alone. */
    private static long cpuOfParsing(byte[] body) {
        long best = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            long start = CPU.getCurrentThreadCpuTime();
            StsPolicy.parse(body);
            best = Math.min(best, CPU.getCurrentThreadCpuTime() - start);
        }
        return best;
    }

    private static Arbitrary<String> name() {
        return Arbitraries.strings().withCharRange('a', 'z').ofMinLength(1).ofMaxLength(20);
    }

    private static StsPolicy valid(String text) {
        ParsedPolicy parsed = StsPolicy.parse(text.getBytes(StandardCharsets.UTF_8));
        assertThat(parsed).isInstanceOf(ParsedPolicy.Valid.class);
        return ((ParsedPolicy.Valid) parsed).policy();
    }
}
