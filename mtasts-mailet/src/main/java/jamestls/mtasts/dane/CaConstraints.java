package jamestls.mtasts.dane;

import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Date;
import java.util.List;
import java.util.Optional;

/** Checks the validity and permitted uses of a certificate (RFC 5280 §4.2.1). */
final class CaConstraints {

    private static final int KEY_CERT_SIGN = 5;
    private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    private static final String ANY_PURPOSE = "2.5.29.37.0";

    private CaConstraints() {
    }

    /** Why the certificate can't be an issuer now; empty if it can. */
    static Optional<Violation> fault(X509Certificate certificate, Date now) {
        if (certificate.getBasicConstraints() < 0) {
            return untrusted("an issuer in the chain is no authority");
        }
        boolean[] usage = certificate.getKeyUsage();
        if (usage != null && !usage[KEY_CERT_SIGN]) {
            return untrusted("an issuer in the chain may not sign certificates");
        }
        return outOfDate(certificate, now, "an issuer in the chain");
    }

    /** Why the certificate can't be a server's now; empty if it can. */
    static Optional<Violation> serverFault(X509Certificate leaf, Date now) {
        try {
            List<String> purposes = leaf.getExtendedKeyUsage();
            if (purposes != null && !purposes.contains(SERVER_AUTH) && !purposes.contains(ANY_PURPOSE)) {
                return untrusted("certificate is not for TLS servers");
            }
        } catch (CertificateParsingException e) {
            return untrusted("certificate with unreadable purposes");
        }
        return outOfDate(leaf, now, "certificate");
    }

    static Optional<Violation> outOfDate(X509Certificate certificate, Date now, String what) {
        if (certificate.getNotAfter().before(now)) {
            return Optional.of(new Violation(ResultType.CERTIFICATE_EXPIRED,
                what + " expired " + certificate.getNotAfter().toInstant()));
        }
        return certificate.getNotBefore().after(now)
            ? Optional.of(new Violation(ResultType.VALIDATION_FAILURE, what + " is not yet valid")) : Optional.empty();
    }

    private static Optional<Violation> untrusted(String why) {
        return Optional.of(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, why));
    }
}
