package jamestls.fakeinternet;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the fake server does at a phase instead of what an honest one would.
 *
 * @param segments bytes to send, each in a write of its own
 * @param gap time between two segments
 * @param then what follows
 */
public record SmtpAct(List<byte[]> segments, Duration gap, Then then) {

    /** What follows on the words. */
    public enum Then {
        /** The conversation, as the code of the words demands: after 220 to STARTTLS comes the handshake, after 354 the mail. */
        GO_ON,
        /** The connection is closed. */
        CLOSE,
        /** Nothing, until the client hangs up. */
        STALL,
        /** The same words, over and over, until the client hangs up. */
        REPEAT
    }

    /** These lines, CRLF after each, in one segment. */
    public static SmtpAct say(String... lines) {
        return sayBytes((String.join("\r\n", lines) + "\r\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Just these bytes. */
    public static SmtpAct sayBytes(byte[] bytes) {
        return new SmtpAct(List.of(bytes), Duration.ZERO, Then.GO_ON);
    }

    /** Each of these as a segment of its own, exactly as given, with that pause between them. */
    public static SmtpAct sayInSegments(Duration gap, String... segments) {
        return new SmtpAct(Arrays.stream(segments).map(segment -> segment.getBytes(StandardCharsets.UTF_8)).toList(), gap, Then.GO_ON);
    }

    /** The line byte by byte, with that pause between them. */
    public static SmtpAct drip(String line, Duration gap) {
        List<byte[]> bytes = new ArrayList<>();
        for (byte b : (line + "\r\n").getBytes(StandardCharsets.UTF_8)) {
            bytes.add(new byte[] {b});
        }
        return new SmtpAct(bytes, gap, Then.GO_ON);
    }

    /** This line for ever. */
    public static SmtpAct flood(String line) {
        return say(line).then(Then.REPEAT);
    }

    /** Not a word. */
    public static SmtpAct stall() {
        return new SmtpAct(List.of(), Duration.ZERO, Then.STALL);
    }

    /** Hangs up without a word. */
    public static SmtpAct drop() {
        return new SmtpAct(List.of(), Duration.ZERO, Then.CLOSE);
    }

    /** The same words, followed by something else. */
    public SmtpAct then(Then next) {
        return new SmtpAct(segments, gap, next);
    }
}
