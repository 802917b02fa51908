package jamestls.mtasts.smtp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReplyReaderTest {

    private static final int READ_AHEAD = 4_096;

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

    @Property(tries = 500)
    void anyBytesShouldGiveRepliesOrOneOfTwoErrors(@ForAll("streams") byte[] bytes) {
        ReplyReader reader = new ReplyReader(new ByteArrayInputStream(bytes));
        int consumedAtLeast = 0;
        try {
            while (true) {
                SmtpReply reply = reader.read();
                consumedAtLeast += 4;
                assertThat(reply.lines()).hasSizeLessThanOrEqualTo(100).allSatisfy(line -> {
                    assertThat(line).hasSizeLessThanOrEqualTo(2_048);
                    assertThat(line).doesNotContainPattern("\\p{Cc}");
                });
                assertThat(reply.code()).isBetween(200, 599);
                assertThat(consumedAtLeast).isLessThanOrEqualTo(bytes.length);
            }
        } catch (MalformedReply | EOFException expected) {
            assertThat(expected.getMessage()).hasSizeLessThan(200).doesNotContainPattern("\\p{Cc}");
        } catch (IOException other) {
            throw new AssertionError(other);
        }
    }

    @Property(tries = 50)
    void endlessServerShouldBeReadToABoundOnly(@ForAll("lines") String line, @ForAll long seed) {
        Endless server = new Endless(line.getBytes(StandardCharsets.UTF_8), new Random(seed));

        assertThatExceptionOfType(MalformedReply.class).isThrownBy(() -> new ReplyReader(server).read());
        assertThat(server.given).isLessThanOrEqualTo(ReplyReader.MOST_LINES * ReplyReader.LONGEST_LINE + READ_AHEAD);
    }

    @Provide
    Arbitrary<byte[]> streams() {
        Arbitrary<String> wild = Arbitraries.strings().withChars("2505-1 \r\n\u0000aé").ofMaxLength(60);
        Arbitrary<String> tame = Arbitraries.of("250 ok\r\n", "250-more\r\n", "354 go\n", "421 bye\r\n", "250-", "\r\n", "2");
        return Arbitraries.oneOf(wild, tame, tame).list().ofMaxSize(30)
            .map(parts -> String.join("", parts).getBytes(StandardCharsets.UTF_8));
    }

    @Provide
    Arbitrary<String> lines() {
        return Arbitraries.of("250-x\r\n", "250-" + "y".repeat(2_000) + "\n", "z", "\n", "250-", "2", "250-a\r");
    }

    private static SmtpReply read(String text) throws IOException {
        return new ReplyReader(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8))).read();
    }

    private static void refused(String text, String why) {
        assertThatExceptionOfType(MalformedReply.class).isThrownBy(() -> read(text)).withMessageContaining(why);
    }

    /** A server that never stops, in pieces of any size. */
    private static final class Endless extends InputStream {

        private final byte[] line;
        private final Random random;
        private long given;

        private Endless(byte[] line, Random random) {
            this.line = line;
            this.random = random;
        }

        @Override
        public int read() {
            return line[(int) (given++ % line.length)] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            int count = 1 + random.nextInt(length);
            for (int i = 0; i < count; i++) {
                into[offset + i] = (byte) read();
            }
            return count;
        }
    }
}
