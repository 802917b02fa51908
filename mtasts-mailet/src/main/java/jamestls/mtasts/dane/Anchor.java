package jamestls.mtasts.dane;

import jamestls.dns.TlsaRecord;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.security.spec.X509EncodedKeySpec;
import java.util.Date;
import java.util.List;
import java.util.Optional;

/** A trust anchor of TLSA usage DANE-TA(2), at which a chain must end. */
sealed interface Anchor {

    /** The key algorithms a certificate may be signed with. */
    List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA", "RSASSA-PSS");

    /** Whether the names permit that this issued {@code certificate}. The signature is checked separately. */
    boolean mayIssue(X509Certificate certificate);

    PublicKey key();

    /**
     * Why it can't be the anchor of a path; empty if it can.
     *
     * @param below the number of intermediates between it and the server's certificate, without self-issued ones
     */
    Optional<Violation> fault(int below, Date now);

    /** Whether its name constraints (RFC 5280 §4.2.1.10), if it has any, permit that certificate's names. */
    boolean permits(X509Certificate below);

    /** The anchor for the JDK's path validation, for a path that ends with {@code last}. */
    TrustAnchor forPath(X509Certificate last);

    /** The certificate of an authority, whose own constraints apply (RFC 7672 §3.1.2). */
    record Authority(X509Certificate certificate) implements Anchor {

        private static final String NAME_CONSTRAINTS = "2.5.29.30";
        private static final int VERSION_3 = 3;

        @Override
        public boolean mayIssue(X509Certificate issued) {
            return issued.getIssuerX500Principal().equals(certificate.getSubjectX500Principal());
        }

        @Override
        public PublicKey key() {
            return certificate.getPublicKey();
        }

        @Override
        public Optional<Violation> fault(int below, Date now) {
            if (certificate.getVersion() < VERSION_3) {
                // RFC 5280 §6.1: an anchor need not have extensions, and version 1 certificates have none
                return CaConstraints.outOfDate(certificate, now, "the trust anchor");
            }
            return CaConstraints.fault(certificate, now).or(() -> certificate.getBasicConstraints() < below
                ? Optional.of(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, "path longer than its trust anchor allows"))
                : Optional.empty());
        }

        @Override
        public TrustAnchor forPath(X509Certificate last) {
            return new TrustAnchor(certificate, null);
        }

        /** Checks name constraints here, because the JDK's path validation ignores those of an anchor. */
        @Override
        public boolean permits(X509Certificate below) {
            byte[] extension = certificate.getExtensionValue(NAME_CONSTRAINTS);
            if (extension == null) {
                return true;
            }
            try {
                X509CertSelector selector = new X509CertSelector();
                selector.setNameConstraints(new Der(extension).enter().element());
                return selector.match(below);
            } catch (IOException | RuntimeException malformed) {
                return false;
            }
        }
    }

    /** A bare public key (RFC 7671 §5.2.3). */
    record BareKey(PublicKey key) implements Anchor {

        @Override
        public boolean mayIssue(X509Certificate issued) {
            return true;
        }

        @Override
        public Optional<Violation> fault(int below, Date now) {
            return Optional.empty();
        }

        @Override
        public boolean permits(X509Certificate below) {
            return true;
        }

        @Override
        public TrustAnchor forPath(X509Certificate last) {
            return new TrustAnchor(last.getIssuerX500Principal(), key, null);
        }
    }

    /** The certificate or key that a record contains in full ({@code 2 0 0}, {@code 2 1 0}); empty if it is neither. */
    static Optional<Anchor> given(TlsaRecord record) {
        return record.selector() == UsableRecords.CERTIFICATE ? certificate(record.data()) : key(record.data());
    }

    private static Optional<Anchor> certificate(byte[] der) {
        try {
            ByteArrayInputStream in = new ByteArrayInputStream(der);
            X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
            // trailing bytes make the data no certificate
            return in.available() == 0 ? Optional.of(new Authority(certificate)) : Optional.empty();
        } catch (GeneralSecurityException | RuntimeException malformed) {
            return Optional.empty();
        }
    }

    private static Optional<Anchor> key(byte[] der) {
        for (String algorithm : ALGORITHMS) {
            try {
                return Optional.of(new BareKey(KeyFactory.getInstance(algorithm).generatePublic(new X509EncodedKeySpec(der))));
            } catch (GeneralSecurityException | RuntimeException notThisKind) {
                // the next algorithm may fit
            }
        }
        return Optional.empty();
    }
}
