package jamestls.mtasts.dane;

import jamestls.mtasts.dns.TlsaRecord;
import jamestls.mtasts.outcome.ResultType;
import jamestls.mtasts.outcome.Violation;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.X509Certificate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;

/**
 * Looks for a path from a server's certificate to a trust anchor of its TLSA records (RFC 7671 §5.2), through whatever else
 * the server sent, in whatever order. Whether one certificate issued another is decided by names and signatures;
 * key identifiers are hints (RFC 5280 §4.2.1.1) and not needed. The shortest path is found first, and no certificate is
 * visited twice, so that a hostile chain costs at most {@value #MOST_SIGNATURES} signatures.
 */
final class TrustPath {

    private static final int MOST_SIGNATURES = 100;

    private final X509Certificate leaf;
    private final Set<X509Certificate> others = new LinkedHashSet<>();
    private final Set<Anchor> anchors = new LinkedHashSet<>();
    private final Date now;
    private int signatures;
    private Optional<Violation> fault = Optional.empty();

    private TrustPath(List<X509Certificate> chain, List<TlsaRecord> records, Date now) {
        this.leaf = chain.getFirst();
        this.now = now;
        others.addAll(chain.subList(1, chain.size()));
        others.remove(leaf);
        for (TlsaRecord record : records) {
            if (record.matchingType() == TlsaRules.FULL) {
                Anchor.given(record).filter(anchor -> !isTheLeaf(anchor)).ifPresent(anchors::add);
            } else {
                others.stream().filter(certificate -> Association.matches(record, certificate))
                    .forEach(certificate -> anchors.add(new Anchor.Authority(certificate)));
            }
        }
    }

    /**
     * Why there is no valid path.
     *
     * @param records usable ones with usage DANE-TA
     */
    static Optional<Violation> fault(List<X509Certificate> chain, List<TlsaRecord> records, Date now) {
        TrustPath search = new TrustPath(chain, records, now);
        return search.anchors.isEmpty() ? Optional.of(DaneVerifier.NO_MATCH) : search.run();
    }

    private Optional<Violation> run() {
        Queue<List<X509Certificate>> paths = new ArrayDeque<>(List.of(List.of(leaf)));
        Set<X509Certificate> visited = new HashSet<>();
        while (!paths.isEmpty()) {
            List<X509Certificate> path = paths.remove();
            X509Certificate last = path.getLast();
            for (Anchor anchor : anchors) {
                if (anchor.mayIssue(last) && signed(last, anchor.key()) && isValid(path, anchor)) {
                    return Optional.empty();
                }
            }
            for (X509Certificate issuer : others) {
                if (!visited.contains(issuer) && last.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())
                        && signed(last, issuer.getPublicKey()) && visited.add(issuer) && mayVouch(issuer)) {
                    List<X509Certificate> longer = new ArrayList<>(path);
                    longer.add(issuer);
                    paths.add(longer);
                }
            }
        }
        if (signatures >= MOST_SIGNATURES) {
            return untrusted("too many certificates and anchors to try");
        }
        return fault.isPresent() ? fault : untrusted("the chain does not lead to the trust anchor of the TLSA records");
    }

    private boolean mayVouch(X509Certificate issuer) {
        return noted(Issuing.fault(issuer, now));
    }

    /** The JDK has the last word on everything below the anchor: dates, lengths, name constraints, critical extensions, algorithms. */
    private boolean isValid(List<X509Certificate> path, Anchor anchor) {
        int below = (int) path.stream().skip(1)
            .filter(certificate -> !certificate.getIssuerX500Principal().equals(certificate.getSubjectX500Principal())).count();
        if (!noted(anchor.fault(below, now))) {
            return false;
        }
        if (!path.stream().allMatch(anchor::permits)) {
            return noted(untrusted("a name in the chain is not permitted by its trust anchor"));
        }
        try {
            PKIXParameters parameters = new PKIXParameters(Set.of(anchor.forPath(path.getLast())));
            parameters.setRevocationEnabled(false);
            parameters.setDate(now);
            CertPathValidator.getInstance("PKIX").validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
            return true;
        } catch (GeneralSecurityException | RuntimeException e) {
            // a stranger's certificates decide what is thrown here
            return noted(untrusted(String.valueOf(e.getMessage())));
        }
    }

    private boolean signed(X509Certificate certificate, PublicKey issuer) {
        if (signatures >= MOST_SIGNATURES) {
            return false;
        }
        signatures++;
        try {
            certificate.verify(issuer);
            return true;
        } catch (GeneralSecurityException | RuntimeException notBy) {
            return false;
        }
    }

    /** An anchor that is the server's own certificate or key vouches for nothing: that is what DANE-EE is for. */
    private boolean isTheLeaf(Anchor anchor) {
        return switch (anchor) {
            case Anchor.Authority authority -> authority.certificate().equals(leaf);
            case Anchor.BareKey bare -> bare.key().equals(leaf.getPublicKey());
        };
    }

    /** Remembers the first fault, for the case that no other way is found. */
    private boolean noted(Optional<Violation> found) {
        fault = fault.or(() -> found);
        return found.isEmpty();
    }

    private static Optional<Violation> untrusted(String why) {
        return Optional.of(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, why));
    }
}
