package jamestls.mtasts.dane;

import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.dns.TlsaRecord;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;

/** TLSA records as a zone's owner makes them. */
public final class Tlsa {

    private Tlsa() {
    }

    /** The record for that certificate. */
    public static TlsaRecord of(int usage, int selector, int matchingType, X509Certificate certificate) {
        try {
            // the JDK's own keys encode to what is in the certificate; where they don't, SubjectPublicKeyInfoTest looks
            byte[] selected = selector == 0 ? certificate.getEncoded() : certificate.getPublicKey().getEncoded();
            byte[] data = switch (matchingType) {
                case 0 -> selected;
                case 1 -> MessageDigest.getInstance("SHA-256").digest(selected);
                case 2 -> MessageDigest.getInstance("SHA-512").digest(selected);
                default -> throw new IllegalArgumentException("matching type " + matchingType);
            };
            return TlsaRecord.of(usage, selector, matchingType, data);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A record of the right length that fits nothing. */
    public static TlsaRecord wrong(int usage, int selector, int matchingType) {
        return TlsaRecord.of(usage, selector, matchingType, new byte[matchingType == 2 ? 64 : 32]);
    }

    /** As found below a secure MX record, for these reference names; the first is the base domain. */
    public static TlsaSet set(List<TlsaRecord> records, String... names) {
        return set(Security.SECURE, records, names);
    }

    public static TlsaSet set(Security mx, List<TlsaRecord> records, String... names) {
        return new TlsaSet(DomainName.of(names[0]), records, UsableRecords.usable(records),
            Arrays.stream(names).map(DomainName::of).toList(), mx);
    }
}
