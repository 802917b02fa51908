package jamestls.mtasts.policy;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jamestls.dns.DnsId;
import jamestls.dns.DomainName;
import jamestls.mtasts.dane.PathSearch;
import jamestls.net.TlsParameters;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
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
import java.util.function.Predicate;
import java.util.stream.Collectors;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import javax.security.auth.x500.X500Principal;

/**
 * Verifies the certificate of an MX host or gateway by PKIX (RFC 8461 §4.2): not expired, a chain to a trusted authority by the rules
 * of JSSE, and a DNS-ID that matches the host's name. Reports every fault, not only the first. Makes no connection: revocation (optional
 * by RFC 8461 §4.2) is not checked, and missing intermediate certificates are not fetched.
 *
 * <p>The rules of JSSE are those applied to policy hosts, too: disabled algorithms, and authorities that the JDK no longer trusts
 * for TLS servers. A signature with SHA-1 is refused below any authority, including private ones.
 */
public final class CertificateCheck {

    private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    private static final String ANY_PURPOSE = "2.5.29.37.0";

    /** How long the result for a valid chain is cached. */
    private static final Duration CACHE_TIME = Duration.ofMinutes(1);
    private static final int MAX_CACHED = 1_000;

    private final X509TrustManager jsse;
    private final Map<X500Principal, List<X509Certificate>> roots;
    private final Cache<List<X509Certificate>, Validity> trusted = Caffeine.newBuilder().maximumSize(MAX_CACHED)
        .expireAfterWrite(CACHE_TIME).executor(Runnable::run).build();

    /** The time in which a cached chain is valid. */
    private record Validity(Instant from, Instant to) {
        private boolean covers(Instant now) {
            return !now.isBefore(from) && now.isBefore(to);
        }
    }

    /** @param jsse validates each path that the path search finds */
    CertificateCheck(X509TrustManager jsse) {
        this.jsse = jsse;
        this.roots = Arrays.stream(jsse.getAcceptedIssuers()).distinct()
            .collect(Collectors.groupingBy(X509Certificate::getSubjectX500Principal));
    }

    /** Trusts the certificate entries of a key store. */
    public static CertificateCheck trusting(KeyStore store) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        return new CertificateCheck((X509TrustManager) factory.getTrustManagers()[0]);
    }

    /** Trusts the authorities that the JVM trusts. */
    public static CertificateCheck trustingJvm() throws GeneralSecurityException {
        return trusting(null);
    }

    /**
     * Verifies a certificate chain.
     *
     * @param chain the certificates as sent by the server, its own first
     * @return the faults; empty for a valid chain
     */
    public List<Violation> faults(List<X509Certificate> chain, DomainName mxHost, Instant now) {
        return faults(chain, leaf -> DnsId.matches(leaf, mxHost), now);
    }

    /**
     * Likewise, by the names that a rule of the operator gives.
     *
     * @param names the certificate must have one of them; {@code .name} is any name below
     */
    List<Violation> faults(List<X509Certificate> chain, List<String> names, Instant now) {
        return faults(chain, leaf -> names.stream().anyMatch(name -> name.startsWith(".")
            ? DnsId.presented(leaf).stream().anyMatch(presented -> DnsId.isBelow(presented, name))
            : DnsId.matches(leaf, new DomainName(name))), now);
    }

    private List<Violation> faults(List<X509Certificate> chain, Predicate<X509Certificate> isNamed, Instant now) {
        Optional<String> objection = PathSearch.objection(chain);
        if (objection.isPresent()) {
            return List.of(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, objection.get()));
        }
        try {
            return allFaults(chain, isNamed, now);
        } catch (RuntimeException e) {
            // the JDK's parsers may throw any unchecked exception for a hostile certificate
            return List.of(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, "certificate can't be read: " + e.getMessage()));
        }
    }

    private List<Violation> allFaults(List<X509Certificate> chain, Predicate<X509Certificate> isNamed, Instant now) {
        X509Certificate leaf = chain.getFirst();
        List<Violation> faults = new ArrayList<>();
        if (!isNamed.test(leaf)) {
            // RFC 8461 §4.2: DNS-ID only, never the common name
            faults.add(new Violation(ResultType.CERTIFICATE_HOST_MISMATCH, "certificate is for " + DnsId.presented(leaf)));
        }
        Date date = Date.from(now);
        boolean isExpired = leaf.getNotAfter().before(date);
        boolean isEarly = leaf.getNotBefore().after(date);
        if (isExpired) {
            faults.add(new Violation(ResultType.CERTIFICATE_EXPIRED, "expired " + leaf.getNotAfter().toInstant()));
        } else if (isEarly) {
            faults.add(new Violation(ResultType.VALIDATION_FAILURE, "certificate not yet valid"));
        }
        if (!isForServers(leaf)) {
            faults.add(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, "certificate is not for TLS servers"));
        } else if (isExpired || isEarly) {
            // trust is checked at a time when the certificate is valid; expired issuers at that time are no fault
            pathFaults(chain, isExpired ? leaf.getNotAfter() : leaf.getNotBefore(), TrustRules.PATH_ONLY).stream()
                .filter(fault -> fault.type() == ResultType.CERTIFICATE_NOT_TRUSTED).forEach(faults::add);
        } else {
            faults.addAll(pathFaults(chain, now));
        }
        return faults;
    }

    /** Which rules a path must satisfy. */
    private enum TrustRules {
        /** The rules of JSSE for TLS servers. */
        JSSE,
        /** Names, signatures and constraints only, because JSSE can check only at the present time. */
        PATH_ONLY
    }

    private List<Violation> pathFaults(List<X509Certificate> chain, Instant now) {
        Validity known = trusted.getIfPresent(chain);
        if (known != null && known.covers(now)) {
            return List.of();
        }
        List<Violation> faults = pathFaults(chain, Date.from(now), TrustRules.JSSE);
        if (faults.isEmpty()) {
            Instant firstToExpire = chain.stream().map(certificate -> certificate.getNotAfter().toInstant())
                .min(Comparator.naturalOrder()).orElseThrow();
            Instant expiry = now.plus(CACHE_TIME);
            trusted.put(chain, new Validity(now, expiry.isBefore(firstToExpire) ? expiry : firstToExpire));
        }
        return faults;
    }

    /** Finds a path with {@link PathSearch}, because the JDK's search has no bound on the cost of a hostile chain; the JDK validates it. */
    private List<Violation> pathFaults(List<X509Certificate> chain, Date date, TrustRules rules) {
        if (roots.isEmpty()) {
            return List.of(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, "no trusted roots configured"));
        }
        PathSearch search = new PathSearch(chain);
        List<CertPathValidatorException> refused = new ArrayList<>();
        boolean found = search.find(issuer -> issuer.getBasicConstraints() >= 0, path ->
            roots.getOrDefault(path.getLast().getIssuerX500Principal(), List.of()).stream().anyMatch(root ->
                search.signed(path.getLast(), root.getPublicKey()) && search.spend(path.size()) && isValid(path, root, date, refused)
                    && (rules == TrustRules.PATH_ONLY || isTrustedByJsse(path, refused))));
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
            // the JDK may throw any unchecked exception for a hostile certificate
            refused.add(new CertPathValidatorException(e));
            return false;
        }
    }

    private boolean isTrustedByJsse(List<X509Certificate> path, List<CertPathValidatorException> refused) {
        Optional<X509Certificate> weak = path.stream().filter(TlsParameters::isSignedWithBrokenDigest).findFirst();
        if (weak.isPresent()) {
            refused.add(new CertPathValidatorException("certificate signed with " + weak.get().getSigAlgName()));
            return false;
        }
        Date systemTime = new Date();
        if (path.stream().anyMatch(each -> each.getNotAfter().before(systemTime) || each.getNotBefore().after(systemTime))) {
            // JSSE uses the system clock, at which the path is not valid; it is valid at the given time
            return true;
        }
        try {
            jsse.checkServerTrusted(path.toArray(X509Certificate[]::new), "UNKNOWN");
            return true;
        } catch (CertificateException | RuntimeException e) {
            Throwable innermost = e;
            while (innermost.getCause() != null) {
                innermost = innermost.getCause();
            }
            refused.add(new CertPathValidatorException(innermost.getMessage(), e));
            return false;
        }
    }

    private static Violation untrusted(List<X509Certificate> chain, Date date, PathSearch search,
                                       List<CertPathValidatorException> refused) {
        if (chain.stream().anyMatch(certificate -> certificate.getNotAfter().before(date))) {
            return new Violation(ResultType.CERTIFICATE_EXPIRED, "an intermediate certificate has expired");
        }
        X509Certificate leaf = chain.getFirst();
        boolean selfSigned = leaf.getIssuerX500Principal().equals(leaf.getSubjectX500Principal());
        String why = search.isExhausted() ? "too many certificates to try" : selfSigned ? "self-signed certificate"
            : refused.isEmpty() ? "the chain does not lead to a trusted authority" : String.valueOf(refused.getFirst().getMessage());
        return new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, why);
    }

    /** Whether the certificate may be used by a TLS server (RFC 5280 §4.2.1.12). */
    private static boolean isForServers(X509Certificate leaf) {
        try {
            List<String> purposes = leaf.getExtendedKeyUsage();
            return purposes == null || purposes.contains(SERVER_AUTH) || purposes.contains(ANY_PURPOSE);
        } catch (CertificateParsingException e) {
            return false;
        }
    }
}
