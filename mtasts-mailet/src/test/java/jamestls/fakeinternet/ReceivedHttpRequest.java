package jamestls.fakeinternet;

import java.util.Map;
import java.util.Optional;

/**
 * A request that reached a fake HTTPS server.
 *
 * @param sni the name the client asked for in TLS, if it did
 * @param method as sent
 * @param path the request target, query included
 * @param headers by lower-case name; the last one wins
 * @param body what was posted; empty for none
 */
public record ReceivedHttpRequest(Optional<String> sni, String method, String path, Map<String, String> headers, byte[] body) {

    /** The Host field, port included. */
    public String host() {
        return headers.getOrDefault("host", "");
    }
}
