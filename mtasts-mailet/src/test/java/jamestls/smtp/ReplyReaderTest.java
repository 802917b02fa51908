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

    @ParameterizedTest
    @ValueSource(strings = {"250\tok", "250ok", "250", "250_x"})
    void readerShouldTakeACodeWithAnySeparator(String line) throws IOException {
        assertThat(read(line + "\r\n").code()).isEqualTo(250);
    }

    @Test
    void longLineShouldBeReadToItsEndAndCut() throws IOException {
        ReplyReader reader = reader("250 2.0.0 " + "x".repeat(3_000) + "\r\n354 go\r\n");

        assertThat(reader.read().toString()).startsWith("250 2.0.0 xxx").hasSize(4 + ReplyReader.MAX_TEXT);
        assertThat(reader.read().code()).isEqualTo(354);
    }

    @Test
    void manyLinesShouldBeReadToTheirEndAndCut() throws IOException {
        ReplyReader reader = reader("250-" + "x".repeat(99) + "\r\n" + "250-x\r\n".repeat(1_000) + "251 last\r\n354 go\r\n");

        SmtpReply reply = reader.read();
        assertThat(reply.code()).isEqualTo(251);
        assertThat(String.join(" ", reply.lines())).hasSizeLessThanOrEqualTo(ReplyReader.MAX_TEXT);
        assertThat(reader.read().code()).isEqualTo(354);
    }

    @Test
    void codeOfTheLastLineShouldCount() throws IOException {
        assertThat(read("250-one\r\n251 two\r\n")).isEqualTo(new SmtpReply(251, List.of("one", "two")));
        assertThat(read("250-one\r\n550 two\r\n").code()).isEqualTo(550);
    }

    @Test
    void lineWithoutCodeShouldBelongToItsReply() throws IOException {
        assertThat(read("250-one\r\nand\r\n250 two\r\n").lines()).containsExactly("one", "and", "two");
    }

    @ParameterizedTest
    @ValueSource(strings = {"250-more\r\n", "250 endless", "250-"})
    void codeOfTheFirstLineShouldCountWhenTheBoundIsReached(String piece) throws IOException {
        ReplyReader reader = reader(piece + piece.substring(3).repeat(ReplyReader.MAX_REPLY));

        assertThat(reader.read().code()).isEqualTo(250);
        assertThat(reader.hasUnread()).isTrue();
        assertThatExceptionOfType(MalformedReply.class).isThrownBy(reader::read).withMessageContaining("65536 bytes");
    }

    @Test
    void textOfEhloShouldBeKeptToItsLastLine() throws IOException {
        String ehlo = "250-mx\r\n" + "250-X-SOMETHING 1234567890\r\n".repeat(120) + "250 STARTTLS\r\n";

        SmtpReply reply = reader(ehlo).read(ReplyReader.MAX_REPLY);

        assertThat(reply.lines()).hasSize(122).endsWith("STARTTLS");
    }

    @ParameterizedTest
    @ValueSource(strings = {"199 x", "600 x", "000 x", "100 x", "999 x", "25 x", "25", "", "abc x", "2500 x",
        "-250 x", " 250 x", "2x0 y"})
    void readerShouldRefuseWhatIsNoReply(String line) {
        refused(line + "\r\n", "not a reply");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "25", "250 x", "250-x\r\n"})
    void readerShouldSayWhenTheServerClosed(String text) {
        assertThatExceptionOfType(EOFException.class).isThrownBy(() -> read(text)).withMessageContaining("closed the connection");
    }

    private static SmtpReply read(String text) throws IOException {
        return reader(text).read();
    }

    private static ReplyReader reader(String text) {
        return new ReplyReader(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static void refused(String text, String why) {
        assertThatExceptionOfType(MalformedReply.class).isThrownBy(() -> read(text)).withMessageContaining(why);
    }
}
