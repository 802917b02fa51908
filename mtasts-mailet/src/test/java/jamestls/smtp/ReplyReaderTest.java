package jamestls.smtp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import jamestls.smtp.ReplyReader.MalformedReply;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReplyReaderTest {

    @Test
    void readerShouldJoinLinesOfOneReply() throws IOException {
        assertThat(read("250-one\r\n250-\r\n250 three\r\n")).isEqualTo(new SmtpReply(250, List.of("one", "", "three")));
    }

    @Test
    void readerShouldTakeLfAndBareCodes() throws IOException {
        assertThat(read("250-one\n250\n").lines()).containsExactly("one", "");
    }

    @Test
    void readerShouldReplaceControlCharactersAndBadUtf8() throws IOException {
        assertThat(read("220 a\u0000b\u0007c\rd\u0085é\r\n").lines()).containsExactly("a?b?c?d?é");
        assertThat(new ReplyReader(new ByteArrayInputStream(new byte[] {'2', '2', '0', ' ', (byte) 0xff, '\n'})).read().lines())
            .containsExactly("\ufffd");
    }

    @Test
    void readerShouldTakeALineOf2048Bytes() throws IOException {
        assertThat(read("220 " + "x".repeat(2_042) + "\r\n").lines().getFirst()).hasSize(2_042);
    }

    @Test
    void readerShouldRefuseALineOf2049Bytes() {
        refused("220 " + "x".repeat(2_043) + "\r\n", "2048 bytes");
    }

    @Test
    void readerShouldTakeAReplyOf100Lines() throws IOException {
        assertThat(read("250-x\r\n".repeat(99) + "250 x\r\n").lines()).hasSize(100);
    }

    @Test
    void readerShouldRefuseAReplyOf101Lines() {
        refused("250-x\r\n".repeat(100) + "250 x\r\n", "100 lines");
    }

    @ParameterizedTest
    @ValueSource(strings = {"199 x", "600 x", "000 x", "100 x", "999 x", "25 x", "25", "", "abc x", "2500 x",
        "250_x", "-250 x", " 250 x", "2x0 y"})
    void readerShouldRefuseWhatIsNoReply(String line) {
        refused(line + "\r\n", "not a reply");
    }

    @Test
    void readerShouldRefuseCodesThatDisagree() {
        refused("250-one\r\n251 two\r\n", "both 250 and 251");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "25", "250 x", "250-x\r\n"})
    void readerShouldSayWhenTheServerClosed(String text) {
        assertThatExceptionOfType(EOFException.class).isThrownBy(() -> read(text)).withMessageContaining("closed the connection");
    }

    private static SmtpReply read(String text) throws IOException {
        return new ReplyReader(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8))).read();
    }

    private static void refused(String text, String why) {
        assertThatExceptionOfType(MalformedReply.class).isThrownBy(() -> read(text)).withMessageContaining(why);
    }
}
