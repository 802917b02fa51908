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

    /** Whether this may have issued {@code certificate}; that it has, only the signature tells. */
    boolean mayIssue(X509Certificate certificate);

    PublicKey key();

    /**
     * What keeps it from vouching for a path.
     *
     * @param below intermediates between it and the server's certificate, self-issued ones not counted
     */
    Optional<Violation> fault(int below, Date now);

    /** Whether its name constraints (RFC 5280 §4.2.1.10), if it has any, permit that certificate's names. */
    boolean permits(X509Certificate below);

    /** As the JDK's path validation wants it, for a path whose upper end is {@code last}. */
    TrustAnchor forPath(X509Certificate last);

    /** An authority's certificate, whose own limits hold (RFC 7672 §3.1.2). */
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
                // RFC 5280 §6.1: extensions of an anchor need not be there, and older versions have none
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

        /** The JDK's path validation passes over the name constraints of an anchor. */
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

    /** A key of which nothing is known but what it signs (RFC 7671 §5.2.3). */
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

    /** What a record holds in full ({@code 2 0 0}, {@code 2 1 0}); empty if that is no certificate or key. */
    static Optional<Anchor> given(TlsaRecord record) {
        return record.selector() == UsableRecords.CERTIFICATE ? certificate(record.data()) : key(record.data());
    }

    private static Optional<Anchor> certificate(byte[] der) {
        try {
            ByteArrayInputStream in = new ByteArrayInputStream(der);
            X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
            // what follows a certificate is not part of it, so the data is not one certificate
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
                // the next kind may fit
            }
        }
        return Optional.empty();
    }
}
