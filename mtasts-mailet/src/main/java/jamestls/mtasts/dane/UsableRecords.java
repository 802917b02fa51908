package jamestls.mtasts.dane;

import jamestls.dns.TlsaRecord;
import java.util.ArrayList;
import java.util.List;

/** Which TLSA records count (RFC 7672 §3.1, RFC 7671 §9). */
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

    /** Whether we know what the record means, and its data can be what it should be. */
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
            case FULL -> record.data().length > 0 && (record.usage() == DANE_EE || Anchor.given(record).isPresent());
            case SHA_256 -> record.data().length == SHA_256_BYTES;
            case SHA_512 -> record.data().length == SHA_512_BYTES;
            default -> false;
        };
    }
}
