package jamestls.tlsrpt.report;

import jamestls.dns.DomainName;

/**
 * Who reports.
 *
 * @param organization {@code organization-name}
 * @param contact {@code contact-info}, a canonical mail address (RFC 8460 §4.4)
 * @param from the address in the report mail's From and MAIL FROM; same domain as {@code contact}, because that domain signs
 *     the mail (RFC 8460 §3, §5.3)
 */
public record Reporter(String organization, String contact, String from) {

    /** Characters of {@code organization}. */
    public static final int MAX_ORGANIZATION = 200;

    public Reporter {
        if (!Address.domainOf(contact).equals(Address.domainOf(from))) {
            throw new IllegalArgumentException("from and contact have different domains");
        }
    }

    /** The domain of the contact, under which the report is submitted (RFC 8460 §5.3). */
    public DomainName submitter() {
        return Address.domainOf(contact);
    }
}
