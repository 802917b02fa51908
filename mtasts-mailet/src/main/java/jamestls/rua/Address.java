package jamestls.rua;

import jamestls.dns.DomainName;
import java.util.Optional;
import java.util.regex.Pattern;

/** Parses mail addresses: a dot-atom or quoted string in ASCII, and a domain name (RFC 5321 §4.1.2). */
public final class Address {

    private static final int MAX = 254;
    /** Longest text that is looked at: an address with backslashes and a domain in U-labels. */
    private static final int MAX_TEXT = 600;
    private static final int MAX_LOCAL_PART = 64;
    private static final Pattern DOT_ATOM =
        Pattern.compile("[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++)*+");
    private static final Pattern QUOTED = Pattern.compile("\"([\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\[\\x20-\\x7e])++\"");

    private Address() {
    }

    /**
     * The canonical form of an address: domain in A-labels and lower case, no unnecessary quotation marks or backslashes (RFC 5321 §4.1.2).
     * Empty if the text is not an address.
     */
    public static Optional<String> canonical(String text) {
        int at = text.lastIndexOf('@');
        if (at < 1 || text.length() > MAX_TEXT) {
            return Optional.empty();
        }
        return localPart(text.substring(0, at)).flatMap(local -> DomainName.parse(text.substring(at + 1))
            .map(domain -> local + "@" + domain)
            .filter(address -> address.length() <= MAX));
    }

    /** The domain of a canonical address. */
    public static DomainName domainOf(String address) {
        return new DomainName(address.substring(address.lastIndexOf('@') + 1));
    }

    private static Optional<String> localPart(String text) {
        String local = text;
        if (QUOTED.matcher(text).matches()) {
            String content = text.substring(1, text.length() - 1).replaceAll("\\\\(.)", "$1");
            local = DOT_ATOM.matcher(content).matches() ? content : "\"" + content.replaceAll("[\"\\\\]", "\\\\$0") + "\"";
        } else if (!DOT_ATOM.matcher(text).matches()) {
            return Optional.empty();
        }
        return Optional.of(local).filter(each -> each.length() <= MAX_LOCAL_PART);
    }
}
