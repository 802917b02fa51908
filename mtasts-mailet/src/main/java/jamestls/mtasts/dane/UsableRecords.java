package jamestls.mtasts.dane;

import jamestls.dns.TlsaRecord;
import java.util.ArrayList;
import java.util.List;

/** Selects the TLSA records that a certificate is checked against (RFC 7672 §3.1, RFC 7671 §9). */
final class UsableRecords {

    static final int DANE_TA = 2;
    static final int DANE_EE = 3;
    static final int CERTIFICATE = 0;
    static final int PUBLIC_KEY = 1;
    static final int FULL = 0;
    static final int SHA_256 = 1;
    static final int SHA_512 = 2;

    private static final int SHA_256_BYTES = 32;
    private static final int SHA_512_BYTES = 64;

    private UsableRecords() {
    }

    /** The usable ones, and of their digests only the strongest for each usage and selector. */
    static List<TlsaRecord> usable(List<TlsaRecord> published) {
        List<TlsaRecord> usable = published.stream().filter(UsableRecords::isUsable).toList();
        List<TlsaRecord> strongest = new ArrayList<>();
        for (TlsaRecord record : usable) {
            // RFC 7671 §9: full data stays, a digest gives way to a stronger one
            boolean outdone = record.matchingType() == SHA_256 && usable.stream().anyMatch(other -> other.matchingType() == SHA_512
                && other.usage() == record.usage() && other.selector() == record.selector());
            if (!outdone) {
                strongest.add(record);
            }
        }
        return strongest;
    }

    /** Whether the record has a meaning for SMTP and its data is what its fields say; anything else is malformed (RFC 6698 §4.1). */
    static boolean isUsable(TlsaRecord record) {
        if (record.extent() != TlsaRecord.Extent.WHOLE) {
            return false;
        }
        // RFC 7672 §3.1.3: PKIX-TA(0) and PKIX-EE(1) are not for SMTP
        if (record.usage() != DANE_TA && record.usage() != DANE_EE
                || record.selector() != CERTIFICATE && record.selector() != PUBLIC_KEY) {
            return false;
        }
        return switch (record.matchingType()) {
            case FULL -> isWellFormed(record);
            case SHA_256 -> record.data().length == SHA_256_BYTES;
            case SHA_512 -> record.data().length == SHA_512_BYTES;
            default -> false;
        };
    }

    private static boolean isWellFormed(TlsaRecord record) {
        // a key of an algorithm that the JDK lacks can be compared, but can't verify anything
        return record.usage() == DANE_EE && record.selector() == PUBLIC_KEY ? Der.isPublicKeyInfo(record.data())
            : Anchor.given(record).isPresent();
    }
}
