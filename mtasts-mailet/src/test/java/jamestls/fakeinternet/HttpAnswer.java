package jamestls.fakeinternet;

import java.time.Duration;
import java.util.Optional;

/** What the policy host says to a request, right or wrong. */
public sealed interface HttpAnswer {

    /** A policy as it should be served. */
    static HttpAnswer policy(String text) {
        return new Document(200, Optional.of("text/plain"), text, Framing.CONTENT_LENGTH);
    }

    /** The policy with another media type; empty for none at all. */
    static HttpAnswer policy(String text, Optional<String> mediaType) {
        return new Document(200, mediaType, text, Framing.CONTENT_LENGTH);
    }

    /** Another status, with a body that looks like any other. */
    static HttpAnswer status(int status, String body) {
        return new Document(status, Optional.of("text/plain"), body, Framing.CONTENT_LENGTH);
    }

    /** That many bytes of text. */
    static HttpAnswer bytes(int size, Framing framing) {
        return new Document(200, Optional.of("text/plain"), "x".repeat(size), framing);
    }

    /** How the end of a body is marked. */
    enum Framing {
        CONTENT_LENGTH, CHUNKED, UNTIL_CLOSE
    }

    /** A complete answer. */
    record Document(int status, Optional<String> mediaType, String body, Framing framing) implements HttpAnswer {
    }

    /** 301 to somewhere else. */
    record Redirect(String location) implements HttpAnswer {
    }

    /** A body without end, one byte at a time. */
    record DripBody(Duration pause) implements HttpAnswer {
    }

    /** Header fields without end, one byte at a time. */
    record DripHeaders(Duration pause) implements HttpAnswer {
    }

    /** A good policy behind that many header fields of that many bytes. */
    record HugeHeaders(int fields, int bytes) implements HttpAnswer {
    }

    /** Half of the body promised, then the connection is gone. */
    record CloseMidBody() implements HttpAnswer {
    }

    /** The request is read and nothing is ever said. */
    record Stall() implements HttpAnswer {
    }

    /** Anything at all, then FIN without close_notify. */
    record Torso(byte[] bytes) implements HttpAnswer {
    }

    /** Anything at all, then the connection is closed. */
    record Raw(byte[] bytes) implements HttpAnswer {
    }
}
