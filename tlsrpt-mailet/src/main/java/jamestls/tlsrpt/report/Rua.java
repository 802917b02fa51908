package jamestls.tlsrpt.report;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/** One destination of a {@code rua} field (RFC 8460 §3). It is a stranger's text, read so that nothing else can come out of it. */
public sealed interface Rua {

    /** The URI as published. */
    String uri();

    /**
     * A mail address.
     *
     * @param address an addr-spec (RFC 5322 §3.4.1) in printable ASCII without blanks, at most 254 characters, its domain in A-labels
     */
    record Mailto(String uri, String address) implements Rua {
    }

    /** A web address; whether its host may be talked to is for the client to find out. */
    record Https(String uri, URI location) implements Rua {
    }

    /** A URI by which nothing can be sent: another scheme, no address in it, or more than an address. */
    record Unusable(String uri, String reason) implements Rua {
    }

    /** @param uri already known to be syntactically a URI */
    static Rua of(String uri) {
        String scheme = uri.substring(0, uri.indexOf(':')).toLowerCase(Locale.ROOT);
        String rest = uri.substring(scheme.length() + 1);
        return switch (scheme) {
            case "mailto" -> mailto(uri, rest);
            case "https" -> https(uri);
            default -> new Unusable(uri, "neither mailto nor https");
        };
    }

    private static Rua mailto(String uri, String rest) {
        // RFC 6068 §2: what follows the question mark are header fields a stranger would put into our mail
        int question = rest.indexOf('?');
        return decoded(question < 0 ? rest : rest.substring(0, question))
            .flatMap(Address::canonical)
            .<Rua>map(address -> new Mailto(uri, address))
            .orElseGet(() -> new Unusable(uri, "not exactly one mail address"));
    }

    private static Rua https(String uri) {
        try {
            URI location = new URI(uri);
            if (location.getHost() == null || location.getRawUserInfo() != null) {
                return new Unusable(uri, "no host, or a user name");
            }
            return new Https(uri, location);
        } catch (URISyntaxException notOne) {
            return new Unusable(uri, "not a web address");
        }
    }

    private static Optional<String> decoded(String text) {
        StringBuilder plain = new StringBuilder();
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < bytes.length; i++) {
            int octet = bytes[i];
            if (octet == '%') {
                octet = Integer.parseInt(text.substring(i + 1, i + 3), 16);
                i += 2;
            }
            // no blanks, no line ends, nothing above ASCII: it goes into a header and into RCPT TO
            if (octet <= ' ' || octet >= 0x7f) {
                return Optional.empty();
            }
            plain.append((char) octet);
        }
        return Optional.of(plain.toString());
    }
}
