package jamestls.smtp;

import java.io.IOException;

/** What the server sent is no SMTP reply, or is larger than any reply we are willing to read. */
final class MalformedReply extends IOException {

    MalformedReply(String message) {
        super(message);
    }
}
