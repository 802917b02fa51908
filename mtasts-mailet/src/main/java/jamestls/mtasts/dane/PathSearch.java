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
 * Paths upwards from a server's certificate through whatever else the server sent, in whatever order. Whether one
 * certificate issued another is decided by names and signatures; key identifiers are hints (RFC 5280 §4.2.1.1) and not
 * needed. The shortest path is tried first, no certificate is visited twice, and the work is bounded: a chain of
 * certificates that all seem to have issued each other has more paths than anyone can try. For one search, by one thread.
 */
public final class PathSearch {

    /** Certificates of a chain that are looked at. */
    public static final int MAX_CHAIN_LENGTH = 20;
    /** Bytes of a chain that are looked at; real ones have some 10,000. */
    public static final int MAX_CHAIN_BYTES = 131_072;
    /** Signatures checked in one search, those of the final validation included. */
    public static final int MAX_SIGNATURES = 100;
    /** Certificates in one path. */
    private static final int MAX_PATH = 10;
    /** A signature by a larger RSA key is not looked at: one check costs more than a whole chain of real ones. */
    private static final int MAX_KEY = 8_192;

    private final X509Certificate leaf;
    private final Set<X509Certificate> others = new LinkedHashSet<>();
    private int signatures;

    /** @param chain as the server sent it, its own certificate first, within {@linkplain #objection the bounds} */
    public PathSearch(List<X509Certificate> chain) {
        this.leaf = chain.getFirst();
        others.addAll(chain.subList(1, chain.size()));
        others.remove(leaf);
    }

    /** Why a chain is not looked at at all: it is empty, too long or too large. */
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

    /** All but the server's own certificate, each once. */
    Collection<X509Certificate> others() {
        return others;
    }

    /**
     * Tries paths until one ends.
     *
     * @param mayIssue whether a certificate may be part of a path at all
     * @param ends whether a path, server's certificate first, leads to what is trusted
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

    /** Whether {@code issuer} signed it; false also when the work is used up. */
    public boolean signed(X509Certificate certificate, PublicKey issuer) {
        if (issuer instanceof RSAKey rsa && rsa.getModulus().bitLength() > MAX_KEY || !spend(1)) {
            return false;
        }
        try {
            certificate.verify(issuer);
            return true;
        } catch (GeneralSecurityException | RuntimeException notBy) {
            // a stranger's certificate decides what is thrown here
            return false;
        }
    }

    /** Whether so many more signatures may be checked; then they count as checked. */
    public boolean spend(int more) {
        signatures += more;
        return signatures <= MAX_SIGNATURES;
    }

    /** Whether something was left untried because it was too much. */
    public boolean isExhausted() {
        return signatures > MAX_SIGNATURES;
    }
}
