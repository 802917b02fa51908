package jamestls.dns;

import java.util.Optional;

/**
 * One MX record.
 *
 * @param preference 0 to 65535, lowest first
 * @param host the exchange; empty for the root, which with preference 0 means "takes no mail" (RFC 7505 §3)
 */
public record MxRecord(int preference, Optional<DomainName> host) {
}
