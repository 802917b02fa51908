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
 * @param base the TLSA base domain (RFC 7672 §2.2.3): policy domain of reports and name in SNI
 * @param published all records, at least one, in the order of their text
 * @param usable those a certificate is held against; may be none, then TLS is a must and authentication is not
 *     (RFC 7672 §2.2)
 * @param referenceNames names of which a certificate under DANE-TA must have one, in order of preference
 *     (RFC 7672 §3.2.2)
 * @param mx whether DNSSEC also proves that this is a host of the recipient's domain
 */
public record TlsaSet(DomainName base, List<TlsaRecord> published, List<TlsaRecord> usable, List<DomainName> referenceNames,
                      Security mx) {

    /** Records with more bytes of data (chains of certificates, garbage) are not quoted. */
    private static final int MAX_QUOTED = 2_048;

    public TlsaSet {
        published = List.copyOf(published);
        usable = List.copyOf(usable);
        referenceNames = List.copyOf(referenceNames);
    }

    /** What a successful match proves. */
    public enum Strength {
        /** The peer is the recipient domain's mail host. */
        AUTHENTICATES,
        /** The peer is the host, but an insecure MX record named it. */
        PROTECTS_THE_WAY,
        /** Nothing about the peer: no record is usable. */
        ENCRYPTS
    }

    public Strength strength() {
        return usable.isEmpty() ? Strength.ENCRYPTS : mx == Security.SECURE ? Strength.AUTHENTICATES : Strength.PROTECTS_THE_WAY;
    }

    /**
     * As the report quotes it. A record too long to be quoted is left out: RFC 8460 §4.4 wants the data in hexadecimal, and a
     * part of it would be another record.
     */
    public AppliedPolicy applied() {
        List<String> quoted = published.stream().filter(TlsaSet::isQuotable).map(TlsaSet::text).toList();
        return new AppliedPolicy(PolicyType.TLSA, base, quoted, List.of());
    }

    /** The policy of a host whose records are not known, or not there. */
    public static AppliedPolicy unknown(DomainName base) {
        return new AppliedPolicy(PolicyType.TLSA, base, List.of(), List.of());
    }

    private static boolean isQuotable(TlsaRecord record) {
        return record.extent() != TlsaRecord.Extent.TOO_LONG && record.data().length <= MAX_QUOTED;
    }

    /** RFC 8460 §4.5: usage, selector, matching type and all data in hexadecimal, single blanks between. */
    public static String text(TlsaRecord record) {
        return record.extent() == TlsaRecord.Extent.TRUNCATED ? record.toString()
            : (record.usage() + " " + record.selector() + " " + record.matchingType() + " " + HexFormat.of().formatHex(record.data()))
                .strip();
    }
}
