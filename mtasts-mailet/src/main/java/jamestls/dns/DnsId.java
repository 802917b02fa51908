package jamestls.dns;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * Matches a certificate to a host name by DNS-ID alone (RFC 6125 §6.4): the subjectAltName's dNSName entries count, the
 * common name never does (RFC 8461 §4.2), and a wildcard stands for exactly one label and only as the whole left-most one
 * (RFC 8461 §3.3, §4.1). Does not check signatures or dates.
 */
public final class DnsId {

    private static final int DNS_NAME = 2;
    private static final String WILDCARD = "*.";
    /** A name of 253 characters behind a wildcard. */
    private static final int MAX_PRESENTED = 255;

    private DnsId() {
    }

    /** Whether one of the certificate's DNS names is, or covers, {@code name}. */
    public static boolean matches(X509Certificate certificate, DomainName name) {
        return presented(certificate).stream().anyMatch(presented -> covers(presented, name));
    }

    /**
     * The DNS names in the certificate unchanged: hostile text, to be sanitized before it is shown. Empty also when
     * the extension can't be parsed.
     */
    public static List<String> presented(X509Certificate certificate) {
        return read(certificate).orElse(List.of());
    }

    /** Whether the certificate has a subjectAltName that can't be parsed. */
    public static boolean isUnreadable(X509Certificate certificate) {
        return read(certificate).isEmpty();
    }

    private static Optional<List<String>> read(X509Certificate certificate) {
        // the JDK throws RuntimeException at an iPAddress of 32 bytes with a broken mask, but only when it is first asked
        for (int attempt = 0; attempt < 2; attempt++) {
            try {
                Collection<List<?>> names = certificate.getSubjectAlternativeNames();
                return Optional.of(names == null ? List.of() : names.stream()
                    .filter(entry -> Objects.equals(entry.get(0), DNS_NAME))
                    .map(entry -> (String) entry.get(1))
                    .toList());
            } catch (CertificateParsingException unreadable) {
                return Optional.empty();
            } catch (RuntimeException unreadable) {
                // once more
            }
        }
        return Optional.empty();
    }

    /**
     * Whether one presented name, with or without wildcard, stands below a domain.
     *
     * @param parent with a dot before it, for example {@code .example.org}
     */
    public static boolean isBelow(String presented, String parent) {
        if (presented.length() > MAX_PRESENTED || !presented.chars().allMatch(c -> c < 0x80)) {
            return false;
        }
        String name = presented.toLowerCase(Locale.ROOT);
        String below = name.startsWith(WILDCARD) ? name.substring(1) : name;
        return below.endsWith(parent) && (below.length() > parent.length() || name.length() > below.length());
    }

    /** Whether one presented name, with or without wildcard, is or covers {@code name}. */
    public static boolean covers(String presented, DomainName name) {
        // checked before case folding: some non-ASCII letters fold into ASCII, and others take the JDK quadratic time
        if (presented.length() > MAX_PRESENTED || !presented.chars().allMatch(c -> c < 0x80)) {
            return false;
        }
        String pattern = presented.toLowerCase(Locale.ROOT);
        if (!pattern.startsWith(WILDCARD)) {
            return pattern.equals(name.ascii());
        }
        int firstDot = name.ascii().indexOf('.');
        String parent = pattern.substring(WILDCARD.length());
        // a wildcard directly below a top-level domain covers domains of other owners; no public CA issues one
        return firstDot > 0 && parent.contains(".") && parent.equals(name.ascii().substring(firstDot + 1));
    }
}
