package jamestls.mtasts.dane;

import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.dns.TlsaRecord;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.PolicyType;
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

    /** Longer data (whole certificates) is quoted only in its beginning. */
    private static final int MAX_QUOTED = 2_048;
    private static final int BEGINNING = 64;

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

    /** As the report quotes it. */
    public AppliedPolicy applied() {
        return new AppliedPolicy(PolicyType.TLSA, base, published.stream().map(TlsaSet::text).toList(), List.of());
    }

    /** The policy of a host whose records are not known, or not there. */
    public static AppliedPolicy unknown(DomainName base) {
        return new AppliedPolicy(PolicyType.TLSA, base, List.of(), List.of());
    }

    /** RFC 8460 §4.5: usage, selector, matching type and data in hexadecimal, single blanks between. */
    public static String text(TlsaRecord record) {
        if (record.extent() == TlsaRecord.Extent.TRUNCATED) {
            return record.toString();
        }
        byte[] data = record.data();
        int shown = data.length > MAX_QUOTED ? BEGINNING : data.length;
        boolean cut = shown < data.length || record.extent() == TlsaRecord.Extent.TOO_LONG;
        return (record.usage() + " " + record.selector() + " " + record.matchingType() + " "
            + HexFormat.of().formatHex(data, 0, shown) + (cut ? "..." : "")).strip();
    }
}
