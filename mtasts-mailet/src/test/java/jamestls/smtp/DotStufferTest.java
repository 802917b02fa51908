package jamestls.smtp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class DotStufferTest {

    @Test
    void everyDotAtTheStartOfALineShouldBeDoubled() throws IOException {
        assertThat(stuffed(".a\r\n.\r\n..\r\nb.c\r\n")).isEqualTo("..a\r\n..\r\n...\r\nb.c\r\n.\r\n");
    }

    @Test
    void bareCrAndBareLfShouldBecomeLineEnds() throws IOException {
        assertThat(stuffed("a\n.\nb\r.\rc\n\r.\r\r\nd")).isEqualTo("a\r\n..\r\nb\r\n..\r\nc\r\n\r\n..\r\n\r\nd\r\n.\r\n");
    }

    @Test
    void emptyMailShouldBeALoneDot() throws IOException {
        assertThat(stuffed("")).isEqualTo(".\r\n");
    }

    @Test
    void lastLineShouldGetItsEnd() throws IOException {
        assertThat(stuffed("a")).isEqualTo("a\r\n.\r\n");
        assertThat(stuffed("a\r")).isEqualTo("a\r\n.\r\n");
        assertThat(stuffed("a\r\n")).isEqualTo("a\r\n.\r\n");
    }

    @Test
    void closingShouldNotEndTheMail() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DotStuffer stuffer = new DotStuffer(out)) {
            stuffer.write("half".getBytes(StandardCharsets.US_ASCII));
        }
        assertThat(out.toString(StandardCharsets.US_ASCII)).isEqualTo("half");
    }

    @Test
    void nothingShouldFollowTheEnd() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        DotStuffer stuffer = new DotStuffer(out);
        stuffer.finish();

        assertThatIOException().isThrownBy(() -> stuffer.write('x'));
        assertThatIOException().isThrownBy(() -> stuffer.write(new byte[3]));
        assertThatIOException().isThrownBy(stuffer::finish);
        stuffer.close();
        assertThat(out.toString(StandardCharsets.US_ASCII)).isEqualTo(".\r\n");
    }

    private static String stuffed(String text) throws IOException {
        return stuffed(text, 64, Integer.MAX_VALUE);
    }

    static String stuffed(String text, int bufferSize, int piece) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        DotStuffer stuffer = new DotStuffer(out, bufferSize);
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < bytes.length; i += Math.min(piece, bytes.length - i)) {
            stuffer.write(bytes, i, Math.min(piece, bytes.length - i));
        }
        stuffer.finish();
        return out.toString(StandardCharsets.US_ASCII);
    }
}
