package jamestls.smtp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class DotStufferPropertiesTest {

    @Property(tries = 1_000)
    void unstuffingShouldGiveBackTheNormalisedText(@ForAll("texts") String text, @ForAll @IntRange(min = 8, max = 64) int bufferSize,
                                                   @ForAll @IntRange(min = 1, max = 20) int piece) throws IOException {
        String wire = DotStufferTest.stuffed(text, bufferSize, piece);

        assertThat(wire).endsWith(".\r\n");
        String body = wire.substring(0, wire.length() - 3);
        assertThat("\r\n" + body).doesNotContain("\r\n.\r\n").endsWith("\r\n");
        assertThat(body.replace("\r\n", "")).doesNotContain("\r", "\n");
        assertThat(unstuffed(body)).isEqualTo(normalised(text));
    }

    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.strings().withChars("..\r\r\n\nab\u0000").ofMaxLength(120);
    }

    private static String normalised(String text) {
        String lines = text.replaceAll("\r\n|\r|\n", "\r\n");
        return lines.isEmpty() || lines.endsWith("\r\n") ? lines : lines + "\r\n";
    }

    private static String unstuffed(String body) {
        return ("\n" + body).replace("\n.", "\n").substring(1);
    }
}
