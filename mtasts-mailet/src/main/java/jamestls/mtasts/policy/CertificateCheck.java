package jamestls.mtasts.policy;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jamestls.dns.DnsId;
import jamestls.dns.DomainName;
import jamestls.mtasts.dane.PathSearch;
import jamestls.outcome.ResultType;
import jamestls.outcome.Violation;
import java.io.IOException;
import java.io.InputStream;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import javax.security.auth.x500.X500Principal;

/**
 * What is wrong with the certificate of an MX host (RFC 8461 §4.2): not expired, a chain to a trusted root, and a DNS-ID
 * that is the host's name. Every fault found is named, not only the first. Nothing is fetched: no revocation lists
 * (RFC 8461 §4.2 leaves them open), no missing intermediates.
 */
public final class CertificateCheck {

    private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    private static final String ANY_PURPOSE = "2.5.29.37.0";

    /** So long the chain of a server that shows it again, or of a session that is used again, is not gone through again. */
    private static final Duration MEMORY = Duration.ofMinutes(1);
    private static final int MAX_REMEMBERED = 1_000;

    private final Map<X500Principal, List<X509Certificate>> roots;
    private final Cache<List<X509Certificate>, Validity> trusted = Caffeine.newBuilder().maximumSize(MAX_REMEMBERED)
        .expireAfterWrite(MEMORY).executor(Runnable::run).build();

    /** When a chain was found good, and until when that holds. */
    private record Validity(Instant from, Instant to) {
        private boolean covers(Instant now) {
            return !now.isBefore(from) && now.isBefore(to);
        }
    }

    private CertificateCheck(Stream<X509Certificate> roots) {
        this.roots = roots.distinct().collect(Collectors.groupingBy(X509Certificate::getSubjectX500Principal));
    }

    /** Trusts the certificate entries of a key store. */
    public static CertificateCheck trusting(KeyStore store) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return new CertificateCheck(Arrays.stream(factory.getTrustManagers())
            .filter(X509TrustManager.class::isInstance)
            .flatMap(manager -> Arrays.stream(((X509TrustManager) manager).getAcceptedIssuers())));
    }

    /** Trusts what the JVM trusts. */
    public static CertificateCheck trustingJvm() throws GeneralSecurityException {
        return trusting(null);
    }

    /**
     * @param chain as the server sent it, its own certificate first
     * @return empty if all is well
     */
    public List<Violation> faults(List<X509Certificate> chain, DomainName mxHost, Instant now) {
        Optional<String> objection = PathSearch.objection(chain);
        if (objection.isPresent()) {
            return List.of(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, objection.get()));
        }
        X509Certificate leaf = chain.getFirst();
        List<Violation> faults = new ArrayList<>();
        if (!DnsId.matches(leaf, mxHost)) {
            // RFC 8461 §4.2: DNS-ID only, the common name never counts
            faults.add(new Violation(ResultType.CERTIFICATE_HOST_MISMATCH, "certificate is for " + DnsId.presented(leaf)));
        }
        Date date = Date.from(now);
        if (leaf.getNotAfter().before(date)) {
            faults.add(new Violation(ResultType.CERTIFICATE_EXPIRED, "expired " + leaf.getNotAfter().toInstant()));
        } else if (leaf.getNotBefore().after(date)) {
            faults.add(new Violation(ResultType.VALIDATION_FAILURE, "certificate not yet valid"));
        } else if (!isForServers(leaf)) {
            faults.add(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, "certificate is not for TLS servers"));
        } else {
            faults.addAll(pathFaults(chain, now));
        }
        return faults;
    }

    private List<Violation> pathFaults(List<X509Certificate> chain, Instant now) {
        Validity known = trusted.getIfPresent(chain);
        if (known != null && known.covers(now)) {
            return List.of();
        }
        List<Violation> faults = pathFaults(chain, Date.from(now));
        if (faults.isEmpty()) {
            Instant firstToExpire = chain.stream().map(certificate -> certificate.getNotAfter().toInstant())
                .min(Comparator.naturalOrder()).orElseThrow();
            Instant forgotten = now.plus(MEMORY);
            trusted.put(chain, new Validity(now, forgotten.isBefore(firstToExpire) ? forgotten : firstToExpire));
        }
        return faults;
    }

    /** By our own search, because that of the JDK has no bound on what a hostile chain costs; the JDK has the last word on the path. */
    private List<Violation> pathFaults(List<X509Certificate> chain, Date date) {
        if (roots.isEmpty()) {
            return List.of(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, "no trusted roots configured"));
        }
        PathSearch search = new PathSearch(chain);
        List<CertPathValidatorException> refused = new ArrayList<>();
        boolean found = search.find(issuer -> issuer.getBasicConstraints() >= 0, path ->
            roots.getOrDefault(path.getLast().getIssuerX500Principal(), List.of()).stream().anyMatch(root ->
                search.signed(path.getLast(), root.getPublicKey()) && search.spend(path.size()) && isValid(path, root, date, refused)));
        return found ? List.of() : List.of(untrusted(chain, date, search, refused));
    }

    private static boolean isValid(List<X509Certificate> path, X509Certificate root, Date date, List<CertPathValidatorException> refused) {
        try {
            PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
            parameters.setRevocationEnabled(false);
            parameters.setDate(date);
            CertPathValidator.getInstance("PKIX").validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
            return true;
        } catch (CertPathValidatorException e) {
            refused.add(e);
            return false;
        } catch (GeneralSecurityException | RuntimeException e) {
            // a stranger's certificates decide what is thrown here
            refused.add(new CertPathValidatorException(e));
            return false;
        }
    }

    private static Violation untrusted(List<X509Certificate> chain, Date date, PathSearch search,
                                       List<CertPathValidatorException> refused) {
        boolean expired = chain.stream().anyMatch(certificate -> certificate.getNotAfter().before(date))
            || refused.stream().anyMatch(e -> e.getReason() == CertPathValidatorException.BasicReason.EXPIRED);
        if (expired) {
            return new Violation(ResultType.CERTIFICATE_EXPIRED, "an intermediate certificate has expired");
        }
        X509Certificate leaf = chain.getFirst();
        boolean selfSigned = leaf.getIssuerX500Principal().equals(leaf.getSubjectX500Principal());
        String why = search.isExhausted() ? "too many certificates to try" : selfSigned ? "self-signed certificate"
            : refused.isEmpty() ? "the chain does not lead to a trusted authority" : String.valueOf(refused.getFirst().getMessage());
        return new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, why);
    }

    /** RFC 5280 §4.2.1.12: a certificate that lists purposes is good for those only. */
    private static boolean isForServers(X509Certificate leaf) {
        try {
            List<String> purposes = leaf.getExtendedKeyUsage();
            return purposes == null || purposes.contains(SERVER_AUTH) || purposes.contains(ANY_PURPOSE);
        } catch (CertificateParsingException e) {
            return false;
        }
    }

    /**
     * Reads a trust store.
     *
     * @throws IOException when it is no key store or the password does not open it
     */
    public static KeyStore load(InputStream in, String password) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(in, password.toCharArray());
        return store;
    }
}
