package jamestls.mtasts.mx;

import jamestls.mtasts.dns.DomainName;

/**
 * A host that takes mail for a domain.
 *
 * @param name as the MX record gives it, or the domain itself where there is no MX record
 * @param preference 0 to 65535, lowest first
 */
public record MxHost(DomainName name, int preference) {
}
