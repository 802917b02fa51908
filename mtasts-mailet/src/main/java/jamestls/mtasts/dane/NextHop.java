package jamestls.mtasts.dane;

import jamestls.dns.DomainName;
import jamestls.dns.Security;

/**
 * The domain a mail goes to, as far as it matters for the names a DANE-TA certificate may have (RFC 7672 §3.2.2).
 *
 * @param domain the recipient domain, or the configured host where there is no MX look-up
 * @param expanded the same after CNAMEs, or {@code domain} itself
 * @param mx whether the look-up that led to the MX host, or to none, is proven by DNSSEC
 */
public record NextHop(DomainName domain, DomainName expanded, Security mx) {
}
