package jamestls.mtasts.dane;

import jamestls.dns.TlsaRecord;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.X509Certificate;
import java.util.Date;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds a path from a server's certificate to a trust anchor of its TLSA records (RFC 7671 §5.2), through the other certificates that
 * the server sent ({@link PathSearch}).
 */
final class TrustPath {

    private final X509Certificate leaf;
    private final PathSearch search;
    private final Set<Anchor> anchors = new LinkedHashSet<>();
    private final Date now;
    private Optional<Violation> fault = Optional.empty();

    private TrustPath(List<X509Certificate> chain, List<TlsaRecord> records, Date now) {
        this.leaf = chain.getFirst();
        this.search = new PathSearch(chain);
        this.now = now;
        for (TlsaRecord record : records) {
            if (record.matchingType() == UsableRecords.FULL) {
                Anchor.given(record).filter(anchor -> !isTheLeaf(anchor)).ifPresent(anchors::add);
            } else {
                search.others().stream().filter(certificate -> Association.matches(record, certificate))
                    .forEach(certificate -> anchors.add(new Anchor.Authority(certificate)));
            }
        }
    }

    /**
     * Why there is no valid path.
     *
     * @param records the usable records with usage DANE-TA
     */
    static Optional<Violation> fault(List<X509Certificate> chain, List<TlsaRecord> records, Date now) {
        TrustPath search = new TrustPath(chain, records, now);
        return search.anchors.isEmpty() ? Optional.of(DaneVerifier.NO_MATCH) : search.run();
    }

    private Optional<Violation> run() {
        boolean found = search.find(this::mayVouch, path -> anchors.stream().anyMatch(anchor ->
            anchor.mayIssue(path.getLast()) && search.signed(path.getLast(), anchor.key()) && isValid(path, anchor)));
        if (found) {
            return Optional.empty();
        }
        if (search.isExhausted()) {
            return untrusted("too many certificates and anchors to try");
        }
        return fault.isPresent() ? fault : untrusted("the chain does not lead to the trust anchor of the TLSA records");
    }

    private boolean mayVouch(X509Certificate issuer) {
        return noted(CaConstraints.fault(issuer, now));
    }

    /** Validates everything below the anchor with the JDK: dates, lengths, name constraints, critical extensions, algorithms. */
    private boolean isValid(List<X509Certificate> path, Anchor anchor) {
        int below = (int) path.stream().skip(1)
            .filter(certificate -> !certificate.getIssuerX500Principal().equals(certificate.getSubjectX500Principal())).count();
        if (!noted(anchor.fault(below, now))) {
            return false;
        }
        if (!path.stream().allMatch(anchor::permits)) {
            return noted(untrusted("a name in the chain is not permitted by its trust anchor"));
        }
        if (!search.spend(path.size())) {
            return false;
        }
        try {
            PKIXParameters parameters = new PKIXParameters(Set.of(anchor.forPath(path.getLast())));
            parameters.setRevocationEnabled(false);
            parameters.setDate(now);
            CertPathValidator.getInstance("PKIX").validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
            return true;
        } catch (GeneralSecurityException | RuntimeException e) {
            // the JDK may throw any unchecked exception for a hostile certificate
            return noted(untrusted(String.valueOf(e.getMessage())));
        }
    }

    /**
     * Whether the anchor is the server's own certificate, which DANE-TA does not allow. A bare key may be the server's own, if its
     * certificate is signed with it (RFC 7671 §5.2.3).
     */
    private boolean isTheLeaf(Anchor anchor) {
        return anchor instanceof Anchor.Authority authority && authority.certificate().equals(leaf);
    }

    /** Remembers the first fault, in case no other path is found. */
    private boolean noted(Optional<Violation> found) {
        fault = fault.or(() -> found);
        return found.isEmpty();
    }

    private static Optional<Violation> untrusted(String why) {
        return Optional.of(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, why));
    }
}
