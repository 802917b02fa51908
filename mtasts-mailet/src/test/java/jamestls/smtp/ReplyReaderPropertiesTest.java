package jamestls.smtp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import jamestls.smtp.ReplyReader.MalformedReply;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class ReplyReaderPropertiesTest {

    private static final int READ_AHEAD = 4_096;

    @Property(tries = 500)
    void anyBytesShouldGiveRepliesOrOneOfTwoErrors(@ForAll("streams") byte[] bytes) {
        ReplyReader reader = new ReplyReader(new ByteArrayInputStream(bytes));
        int consumedAtLeast = 0;
        try {
            while (true) {
                SmtpReply reply = reader.read();
                consumedAtLeast += 4;
                assertThat(String.join("\n", reply.lines())).hasSizeLessThanOrEqualTo(ReplyReader.MAX_TEXT);
                assertThat(reply.lines()).allSatisfy(line -> assertThat(line).doesNotContainPattern("\\p{Cc}"));
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

        ReplyReader reader = new ReplyReader(server);
        try {
            assertThat(reader.read().code()).isEqualTo(250);
            assertThatExceptionOfType(MalformedReply.class).isThrownBy(reader::read);
        } catch (MalformedReply noCode) {
            assertThat(line).doesNotStartWith("250");
        } catch (IOException other) {
            throw new AssertionError(other);
        }
        assertThat(server.given).isLessThanOrEqualTo(ReplyReader.MAX_REPLY + READ_AHEAD);
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
