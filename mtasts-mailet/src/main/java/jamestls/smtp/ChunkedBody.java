package jamestls.smtp;

import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.Transmission.FinalDot;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/**
 * The body of one mail by BDAT (RFC 3030), after the server has taken a recipient. With PIPELINING some chunks are on the way
 * while their replies are. Once a chunk is refused none is sent any more, and what was on the way is answered, too (§2).
 *
 * <p>The first chunk is not sent along with the envelope, although that would save a round trip: a server that refuses all
 * recipients and forgets to skip the chunk takes it for commands, and a mail's author could say MAIL and RCPT in our name.
 */
final class ChunkedBody {

    private static final int MAX_UNANSWERED = 8;

    private final SmtpConnection wire;
    private final OutputStream out;
    private final int mostUnanswered;
    private int unanswered;
    private Optional<SmtpReply> refusal = Optional.empty();
    private Optional<ConnectionLost> lost = Optional.empty();
    private FinalDot end = FinalDot.NOT_SENT;

    ChunkedBody(SmtpConnection wire, Capabilities capabilities) {
        this.wire = wire;
        this.out = wire.body();
        this.mostUnanswered = capabilities.offers("PIPELINING") ? MAX_UNANSWERED : 1;
    }

    /** Whether the last chunk was sent, perhaps in vain. */
    FinalDot end() {
        return end;
    }

    /**
     * Sends all of it, or as much as the server wants.
     *
     * @return what the source of the mail threw, if it did: then the mail has no end, and the session must not go on
     */
    Optional<Exception> say(MessageContent content) throws ConnectionLost {
        wire.enter(Phase.BODY);
        Optional<Exception> trouble = Optional.empty();
        Chunks chunks = new Chunks(this::send);
        try {
            content.writeTo(chunks);
            // a source may hide what it was told
            if (refusal.isEmpty() && lost.isEmpty() && wire.bodyFailure().isEmpty()) {
                chunks.finish();
            }
        } catch (IOException | RuntimeException e) {
            trouble = Optional.of(e);
        }
        if (lost.isPresent()) {
            throw lost.get();
        }
        if (wire.bodyFailure().isPresent()) {
            throw wire.writeFailed(wire.bodyFailure().get());
        }
        return refusal.isPresent() ? Optional.empty() : trouble;
    }

    /** What the server says to the mail as a whole: its first refusal, or its last word. */
    SmtpReply verdict() throws ConnectionLost {
        wire.enter(Phase.FINAL_REPLY);
        while (unanswered > 1) {
            takeReply();
        }
        if (unanswered == 0) {
            return refusal.orElseThrow();
        }
        SmtpReply last = wire.read();
        unanswered = 0;
        if (last.code() / 100 == 3) {
            throw wire.violation("no answer to a mail: " + last);
        }
        if (last.code() == 421) {
            // a refusal like any other, and a farewell
            wire.abort();
        }
        return refusal.orElse(last);
    }

    private void send(byte[] bytes, int offset, int length, boolean last) throws IOException {
        try {
            while (unanswered >= mostUnanswered && refusal.isEmpty() && lost.isEmpty()) {
                takeReply();
            }
        } catch (ConnectionLost e) {
            lost = Optional.of(e);
        }
        if (refusal.isPresent() || lost.isPresent()) {
            // RFC 3030 §2: no further chunk after a refusal
            throw new IOException("the server wants no more of the mail");
        }
        if (last) {
            end = FinalDot.SENT;
        }
        out.write(bytes, offset, length);
        out.flush();
        unanswered++;
    }

    private void takeReply() throws ConnectionLost {
        SmtpReply reply = wire.answer();
        unanswered--;
        if (reply.code() / 100 == 3) {
            throw wire.violation("no answer to a chunk: " + reply);
        }
        if (!(reply.code() / 100 == 2) && refusal.isEmpty()) {
            refusal = Optional.of(reply);
        }
    }
}
