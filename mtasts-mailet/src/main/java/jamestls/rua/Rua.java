package jamestls.rua;

import jamestls.dns.DomainName;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A destination from a {@code rua} field (RFC 8460 §3), parsed by RFC 6068 and RFC 3986. Untrusted input. */
public sealed interface Rua {

    /** The URI as published. */
    String uri();

    /** The normalized URI, without blanks: equal for all spellings of one destination. */
    String id();

    /**
     * A {@code mailto} URI.
     *
     * @param address the address in canonical form, see {@link Address#canonical}
     */
    record Mailto(String uri, String address) implements Rua {

        @Override
        public String id() {
            // in practice, local parts that differ in case only are one mailbox; it must not get the same report twice
            return "mailto:" + Escapes.encode(address.toLowerCase(Locale.ROOT));
        }
    }

    /**
     * An {@code https} URI. The HTTPS client checks whether connections to its host are allowed.
     *
     * @param location normalized URI: scheme and host in lower case, host in A-labels, no IP address, no port 443, no fragment
     */
    record Https(String uri, URI location) implements Rua {

        @Override
        public String id() {
            return location.toString();
        }
    }

    /** A URI to which nothing can be sent: another scheme, not exactly one mail address, or no host name. */
    record Unusable(String uri, String reason) implements Rua {

        @Override
        public String id() {
            return uri;
        }
    }

    /** Parses a URI; an invalid or unsupported one gives an {@link Unusable}. */
    static Rua of(String uri) {
        int colon = uri.indexOf(':');
        int fragment = uri.indexOf('#');
        // RFC 3986 §3.5: the fragment is no part of the address
        String rest = uri.substring(colon + 1, Math.max(colon + 1, fragment < 0 ? uri.length() : fragment));
        return switch (uri.substring(0, Math.max(0, colon)).toLowerCase(Locale.ROOT)) {
            case "mailto" -> mailto(uri, rest);
            case "https" -> https(uri, rest);
            default -> new Unusable(uri, "neither mailto nor https");
        };
    }

    private static Rua mailto(String uri, String rest) {
        String[] parts = rest.split("\\?", 2);
        // RFC 6068 §2: / [ ] in an address are percent-encoded
        if (parts[0].matches(".*[/\\[\\]].*")) {
            return new Unusable(uri, "'/', '[' and ']' must be percent-encoded in a mail address");
        }
        List<String> to = new ArrayList<>();
        if (!parts[0].isEmpty()) {
            to.add(parts[0]);
        }
        for (String field : parts.length == 1 ? new String[0] : parts[1].split("&")) {
            String[] nameAndValue = field.split("=", 2);
            // RFC 6068 §2: all other header fields are ignored, because they would put a stranger's text into our mail
            if (nameAndValue.length == 2 && nameAndValue[0].equalsIgnoreCase("to") && !nameAndValue[1].isEmpty()) {
                to.add(nameAndValue[1]);
            }
        }
        return to.size() != 1 ? new Unusable(uri, "not exactly one mail address")
            : Escapes.decode(to.getFirst()).flatMap(Address::canonical)
                .<Rua>map(address -> new Mailto(uri, address))
                .orElseGet(() -> new Unusable(uri, "not exactly one mail address in ASCII"));
    }

    private static Rua https(String uri, String rest) {
        Matcher parts = Escapes.HTTPS.matcher(rest);
        if (!parts.matches() || parts.group("user") != null) {
            return new Unusable(uri, "no host, or a user name");
        }
        Optional<DomainName> host = Escapes.decode(parts.group("host")).flatMap(DomainName::parse);
        if (host.isEmpty() || host.get().ascii().matches("(.*\\.)?([0-9]+|0x[0-9a-f]*)")) {
            return new Unusable(uri, "the host is an IP address or no host name");
        }
        String port = Optional.ofNullable(parts.group("port")).orElse("").replaceFirst("^0+(?=.)", "");
        if (port.length() > 5 || !port.isEmpty() && (Integer.parseInt(port) == 0 || Integer.parseInt(port) > 65_535)) {
            return new Unusable(uri, "no port number");
        }
        String path = Escapes.normalized(parts.group("path"));
        try {
            return new Https(uri, new URI("https://" + host.get() + (port.isEmpty() || port.equals("443") ? "" : ":" + port)
                + (path.startsWith("/") ? "" : "/") + path));
        } catch (URISyntaxException notOne) {
            return new Unusable(uri, "not a web address");
        }
    }

    /** Percent-encoding (RFC 3986 §2.1). */
    final class Escapes {

        private static final Pattern HTTPS =
            Pattern.compile("//((?<user>[^/?]*)@)?(?<host>\\[[^\\]]*\\]|[^:/?\\[\\]]+)(:(?<port>[0-9]*))?(?<path>([/?].*)?)");
        private static final Pattern ENCODED = Pattern.compile("%([0-9A-Fa-f]{2})");
        private static final String UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-";
        /** Characters that need no encoding in the address of a mailto URI (RFC 6068 §2). */
        private static final String PLAIN_IN_ADDRESS = UNRESERVED + "@:!$'()*+";

        private Escapes() {
        }

        /** The decoded text; empty if it is not UTF-8 or has control characters. */
        private static Optional<String> decode(String text) {
            ByteArrayOutputStream octets = new ByteArrayOutputStream();
            for (int i = 0; i < text.length(); i++) {
                if (text.charAt(i) != '%') {
                    octets.write(text.charAt(i));
                } else if (i + 2 < text.length() && ENCODED.matcher(text.substring(i, i + 3)).matches()) {
                    octets.write(Integer.parseInt(text.substring(i + 1, i + 3), 16));
                    i += 2;
                } else {
                    return Optional.empty();
                }
            }
            try {
                return Optional.of(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(octets.toByteArray())).toString())
                    .filter(plain -> plain.chars().noneMatch(Character::isISOControl));
            } catch (CharacterCodingException notUtf8) {
                return Optional.empty();
            }
        }

        private static String encode(String ascii) {
            StringBuilder encoded = new StringBuilder();
            for (char each : ascii.toCharArray()) {
                encoded.append(PLAIN_IN_ADDRESS.indexOf(each) >= 0 ? String.valueOf(each) : "%%%02X".formatted((int) each));
            }
            return encoded.toString();
        }

        /** Normalized percent-encoding (RFC 3986 §6.2.2): upper-case digits, unreserved characters decoded. */
        private static String normalized(String path) {
            return ENCODED.matcher(path).replaceAll(found -> {
                char decoded = (char) Integer.parseInt(found.group(1), 16);
                return UNRESERVED.indexOf(decoded) >= 0 ? String.valueOf(decoded) : found.group().toUpperCase(Locale.ROOT);
            });
        }
    }
}
