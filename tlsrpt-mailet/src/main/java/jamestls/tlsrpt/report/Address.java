package jamestls.tlsrpt.report;

import jamestls.dns.DomainName;
import java.util.Optional;
import java.util.regex.Pattern;

/** The form of addr-spec that is accepted: a dot-atom or a quoted string without backslash, and a domain name. */
public final class Address {

    private static final int MAX = 254;
    private static final Pattern LOCAL_PART = Pattern.compile(
        "(?=.{1,64}$)([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++)*+|\"[\\x21\\x23-\\x5b\\x5d-\\x7e]++\")");

    private Address() {
    }

    /** The address with its domain in A-labels and lower case, or empty when it is none. */
    public static Optional<String> canonical(String text) {
        int at = text.lastIndexOf('@');
        if (at < 1 || !LOCAL_PART.matcher(text.substring(0, at)).matches()) {
            return Optional.empty();
        }
        String local = text.substring(0, at);
        return DomainName.parse(text.substring(at + 1))
            .map(domain -> local + "@" + domain)
            .filter(address -> address.length() <= MAX);
    }

    /** The domain of an address in canonical form. */
    public static DomainName domainOf(String address) {
        return new DomainName(address.substring(address.lastIndexOf('@') + 1));
    }
}
