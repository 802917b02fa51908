package jamestls.mtasts.dane;

import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.dns.TlsaRecord;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import java.util.HexFormat;
import java.util.List;

/**
 * The TLSA records of one MX host, proven by DNSSEC.
 *
 * @param base the TLSA base domain (RFC 7672 §2.2.3), used as policy domain in reports and as name in SNI
 * @param published all records, at least one, in the order of their text
 * @param usable the records to verify a certificate with; if empty, TLS is required and authentication is not (RFC 7672 §2.2)
 * @param referenceNames the names of which a certificate under DANE-TA must have one, in order of preference
 *     (RFC 7672 §3.2.2)
 * @param mx whether DNSSEC also proves the MX record
 */
public record TlsaSet(DomainName base, List<TlsaRecord> published, List<TlsaRecord> usable, List<DomainName> referenceNames,
                      Security mx) {

    /** The most bytes of data of a record that reports quote. */
    private static final int MAX_QUOTED = 2_048;

    public TlsaSet {
        published = List.copyOf(published);
        usable = List.copyOf(usable);
        referenceNames = List.copyOf(referenceNames);
    }

    /** What a successful match proves. */
    public enum Strength {
        /** The peer is a mail host of the recipient domain. */
        AUTHENTICATES_DOMAIN,
        /** The peer is the MX host, but its name comes from an insecure MX record. */
        AUTHENTICATES_HOST,
        /** Nothing about the peer, because no record is usable. */
        ENCRYPTS
    }

    public Strength strength() {
        return usable.isEmpty() ? Strength.ENCRYPTS : mx == Security.SECURE ? Strength.AUTHENTICATES_DOMAIN : Strength.AUTHENTICATES_HOST;
    }

    /**
     * The policy as a report quotes it. A record that is too long is left out, because RFC 8460 §4.4 requires its complete data in
     * hexadecimal.
     */
    public AppliedPolicy applied() {
        List<String> quoted = published.stream().filter(TlsaSet::isQuotable).map(TlsaSet::text).toList();
        return new AppliedPolicy(PolicyType.TLSA, base, quoted, List.of());
    }

    /** The policy of a host whose records are unknown or absent. */
    public static AppliedPolicy unknown(DomainName base) {
        return new AppliedPolicy(PolicyType.TLSA, base, List.of(), List.of());
    }

    private static boolean isQuotable(TlsaRecord record) {
        return record.extent() != TlsaRecord.Extent.TOO_LONG && record.data().length <= MAX_QUOTED;
    }

    /** RFC 8460 §4.5: usage, selector, matching type and all data in hexadecimal, separated by single spaces. */
    public static String text(TlsaRecord record) {
        return record.extent() == TlsaRecord.Extent.TRUNCATED ? record.toString()
            : (record.usage() + " " + record.selector() + " " + record.matchingType() + " " + HexFormat.of().formatHex(record.data()))
                .strip();
    }
}
