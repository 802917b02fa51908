package jamestls.mtasts.dane;

import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Searches paths from a server's certificate upwards through the other certificates that the server sent, in any order. Issuers are
 * found by names and signatures; key identifiers are only hints (RFC 5280 §4.2.1.1) and not used. Shorter paths are tried first, no
 * certificate is visited twice, and the work is bounded, because certificates that all issued each other have too many paths to try.
 * For one search, by one thread.
 */
public final class PathSearch {

    /** The most certificates in a chain. */
    public static final int MAX_CHAIN_LENGTH = 20;
    /** The most bytes in a chain; real chains have some 10,000. */
    public static final int MAX_CHAIN_BYTES = 131_072;
    /** The most signatures checked in one search, including the final validation. */
    public static final int MAX_SIGNATURES = 100;
    /** The most certificates in one path. */
    private static final int MAX_PATH = 10;
    /** The largest RSA key whose signatures are checked, because a larger one costs more than a whole usual chain. */
    private static final int MAX_KEY = 8_192;

    private final X509Certificate leaf;
    private final Set<X509Certificate> others = new LinkedHashSet<>();
    private int signatures;

    /** @param chain the certificates as sent by the server, its own first, within {@linkplain #objection the bounds} */
    public PathSearch(List<X509Certificate> chain) {
        this.leaf = chain.getFirst();
        others.addAll(chain.subList(1, chain.size()));
        others.remove(leaf);
    }

    /** Why a chain is not searched: it is empty, too long or too large. Empty if it can be searched. */
    public static Optional<String> objection(List<X509Certificate> chain) {
        if (chain.isEmpty() || chain.size() > MAX_CHAIN_LENGTH) {
            return Optional.of("chain of " + chain.size() + " certificates");
        }
        try {
            int bytes = 0;
            for (X509Certificate certificate : chain) {
                bytes += certificate.getEncoded().length;
            }
            return bytes > MAX_CHAIN_BYTES ? Optional.of("chain of " + bytes + " bytes") : Optional.empty();
        } catch (CertificateEncodingException unreadable) {
            return Optional.of("chain with a certificate that can't be written");
        }
    }

    /** All certificates but the server's own, without duplicates. */
    Collection<X509Certificate> others() {
        return others;
    }

    /**
     * Tries paths until one is accepted.
     *
     * @param mayIssue whether a certificate may be an issuer in a path
     * @param ends whether a path, server's certificate first, leads to a trust anchor
     */
    public boolean find(Predicate<X509Certificate> mayIssue, Predicate<List<X509Certificate>> ends) {
        Queue<List<X509Certificate>> paths = new ArrayDeque<>(List.of(List.of(leaf)));
        Set<X509Certificate> visited = new HashSet<>();
        while (!paths.isEmpty()) {
            List<X509Certificate> path = paths.remove();
            if (ends.test(path)) {
                return true;
            }
            X509Certificate last = path.getLast();
            for (X509Certificate issuer : path.size() < MAX_PATH ? others : Set.<X509Certificate>of()) {
                if (!visited.contains(issuer) && last.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())
                        && signed(last, issuer.getPublicKey()) && visited.add(issuer) && mayIssue.test(issuer)) {
                    List<X509Certificate> longer = new ArrayList<>(path);
                    longer.add(issuer);
                    paths.add(longer);
                }
            }
        }
        return false;
    }

    /** Whether {@code issuer} signed it; false also if the bound on signatures is reached. */
    public boolean signed(X509Certificate certificate, PublicKey issuer) {
        if (issuer instanceof RSAKey rsa && rsa.getModulus().bitLength() > MAX_KEY || !spend(1)) {
            return false;
        }
        try {
            certificate.verify(issuer);
            return true;
        } catch (GeneralSecurityException | RuntimeException notBy) {
            // the JDK may throw any unchecked exception for a hostile certificate
            return false;
        }
    }

    /** Reserves that many signature checks; false if the bound is reached. */
    public boolean spend(int more) {
        signatures += more;
        return signatures <= MAX_SIGNATURES;
    }

    /** Whether paths were left untried because of a bound. */
    public boolean isExhausted() {
        return signatures > MAX_SIGNATURES;
    }
}
