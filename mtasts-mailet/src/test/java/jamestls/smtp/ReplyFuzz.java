package jamestls.smtp;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.smtp.ReplyReader.MalformedReply;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;

/** Replies for the fuzzer. */
public final class ReplyFuzz {

    public static final List<String> CORPUS = List.of(
        "220 mx.example.org ESMTP\r\n250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250 STARTTLS\r\n220 go\r\n",
        "421 4.7.0 busy\r\n", "550-5.7.1 one\n550 5.7.1 two\n", "250\r\n", "354 go\r\n250 2.0.0 queued as 4AbC\r\n",
        "250-x\r\n".repeat(99) + "251 x\r\n", "250\tok\r\n250ok\r\n250-a\r\nb\r\n250 c\r\n");

    private ReplyFuzz() {
    }

    /** Reads all there is, which ends in one of two errors. */
    public static String read(byte[] input) {
        ReplyReader reader = new ReplyReader(new ByteArrayInputStream(input));
        int replies = 0;
        try {
            while (true) {
                SmtpReply reply = reader.read();
                replies++;
                assertThat(isAsPromised(reply)).as("%s", reply).isTrue();
            }
        } catch (EOFException | MalformedReply ownError) {
            assertThat(ownError.getMessage()).hasSizeLessThan(200).doesNotContainPattern("\\p{Cc}");
            String words = ownError.getMessage().replaceAll("'.*|\\d+", "");
            return Math.min(replies, 8) + " " + words;
        } catch (IOException other) {
            throw new AssertionError(other);
        }
    }

    private static boolean isAsPromised(SmtpReply reply) {
        return reply.code() >= 200 && reply.code() <= 599 && !reply.lines().isEmpty()
            && String.join("\n", reply.lines()).length() <= ReplyReader.MAX_TEXT
            && reply.lines().stream().allMatch(line -> line.chars().noneMatch(Character::isISOControl))
            && reply.enhancedCode().stream().allMatch(code -> code.charAt(0) - '0' == reply.code() / 100);
    }
}
