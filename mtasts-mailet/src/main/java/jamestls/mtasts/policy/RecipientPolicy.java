package jamestls.mtasts.policy;

import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.mtasts.sts.StsLookup;

/**
 * What holds for all hosts of a recipient domain.
 *
 * @param domain the policy domain, always the recipient domain (RFC 8461 §3.4) or the host that is configured in its place
 * @param sts what its MTA-STS look-up came to
 * @param mx whether DNSSEC proves which hosts it has
 * @param dane what the operator demands
 */
public record RecipientPolicy(DomainName domain, StsLookup sts, Security mx, DaneRequirement dane) {
}
