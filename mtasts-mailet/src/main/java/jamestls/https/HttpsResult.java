package jamestls.https;

import java.net.InetAddress;
import java.util.Optional;

/** What an exchange came to. */
public sealed interface HttpsResult {

    /**
     * The server answered, with whatever status; redirects arrive here as they are.
     *
     * @param status 200 to 599
     * @param contentType the value of the Content-Type field without blanks around it, if there is one
     * @param body whole and not decoded, at most the bytes asked for
     * @param from the address that answered
     */
    record Answer(int status, Optional<String> contentType, byte[] body, InetAddress from) implements HttpsResult {
    }

    /**
     * No answer.
     *
     * @param fault what kind of thing went wrong
     * @param detail one line for people: host, address where known, cause; bounded, without control characters
     */
    record Failure(HttpsFault fault, String detail) implements HttpsResult {

        private static final int MAX_DETAIL = 300;

        public Failure {
            String clean = detail.replaceAll("\\p{Cntrl}+", " ").strip();
            detail = clean.length() > MAX_DETAIL ? clean.substring(0, MAX_DETAIL) : clean;
        }
    }
}
