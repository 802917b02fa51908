package jamestls.dns;

import java.util.Optional;

/**
 * One MX record.
 *
 * @param preference 0 to 65535, lowest first
 * @param host the exchange; empty where it is not the name of a host
 * @param exchange as published, without the trailing dot: hostile text. The root is {@code "."}, which with
 *     preference 0 means "takes no mail" (RFC 7505 §3)
 */
public record MxRecord(int preference, Optional<DomainName> host, String exchange) {

    private static final String ROOT = ".";

    /** @param host empty for the root */
    public MxRecord(int preference, Optional<DomainName> host) {
        this(preference, host, host.map(DomainName::ascii).orElse(ROOT));
    }

    /** Whether the exchange is neither the name of a host nor the root: an IP address, for example. */
    public boolean isMalformed() {
        return host.isEmpty() && !exchange.equals(ROOT);
    }
}
