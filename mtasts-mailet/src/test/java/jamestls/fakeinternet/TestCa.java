package jamestls.fakeinternet;

import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.time.Period;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A certificate authority of the fake internet. {@link #issue} makes what an honest server has; the other methods make
 * the ways in which certificates go wrong. Clients trust it through {@link #trustStore()}, never by looking away.
 */
public final class TestCa {

    private static final AtomicLong SERIAL = new AtomicLong(1);
    private static final Period YEAR = Period.ofYears(1);

    private final KeyPair key;
    private final X509Certificate root;

    private TestCa(KeyPair key, X509Certificate root) {
        this.key = key;
        this.root = root;
    }

    /** A new authority with a key of its own. */
    public static TestCa create(String name) {
        KeyPair key = newKey();
        X500Name subject = new X500Name("CN=" + name);
        return new TestCa(key, sign(subject, subject, key, key, span(Instant.now()), true, List.of()));
    }

    /** A good certificate for these DNS names (the first one is the subject, too), valid from yesterday for a year. */
    public Identity issue(String... dnsNames) {
        return issue(span(Instant.now()), dnsNames);
    }

    /** A good certificate that ends then. */
    public Identity issueUntil(Instant end, String... dnsNames) {
        return issue(new Validity(Instant.now().minusSeconds(86_400), end), dnsNames);
    }

    /** A certificate that was good until yesterday. */
    public Identity issueExpired(String... dnsNames) {
        Instant then = Instant.now().atOffset(ZoneOffset.UTC).minus(YEAR).minusDays(2).toInstant();
        return issue(span(then), dnsNames);
    }

    /** A certificate that will be good from tomorrow on. */
    public Identity issueNotYetValid(String... dnsNames) {
        return issue(span(Instant.now().plusSeconds(2 * 86_400)), dnsNames);
    }

    /** A certificate with the host's name in its subject only, as it was done before subjectAltName. */
    public Identity issueCommonNameOnly(String dnsName) {
        return issue(span(Instant.now()), new X500Name("CN=" + dnsName));
    }

    /** A certificate nobody vouches for. */
    public static Identity selfSigned(String... dnsNames) {
        KeyPair own = newKey();
        X500Name subject = new X500Name("CN=" + dnsNames[0]);
        return new Identity(own.getPrivate(),
            List.of(sign(subject, subject, own, own, span(Instant.now()), false, Arrays.asList(dnsNames))));
    }

    /** The authority's own certificate. */
    public X509Certificate root() {
        return root;
    }

    /** Writes {@link #trustStore} to a file with the password {@code secret}, for the parameter {@code trustStore}. */
    public void saveTrustStore(Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            trustStore().store(out, "secret".toCharArray());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A PKCS#12 key store that holds just this authority, for {@code trustStore} parameters. */
    public KeyStore trustStore() {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setCertificateEntry("root", root);
            return store;
        } catch (GeneralSecurityException | java.io.IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Identity issue(Validity validity, String... dnsNames) {
        return issue(validity, new X500Name("CN=" + dnsNames[0]), dnsNames);
    }

    private Identity issue(Validity validity, X500Name subject, String... dnsNames) {
        KeyPair own = newKey();
        X509Certificate leaf = sign(subject, new X500Name(root.getSubjectX500Principal().getName()),
            own, key, validity, false, Arrays.asList(dnsNames));
        return new Identity(own.getPrivate(), List.of(leaf, root));
    }

    private record Validity(Instant from, Instant to) {
    }

    private static Validity span(Instant now) {
        Instant from = now.minusSeconds(86_400);
        return new Validity(from, from.atOffset(ZoneOffset.UTC).plus(YEAR).toInstant());
    }

    private static KeyPair newKey() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static X509Certificate sign(X500Name subject, X500Name issuer, KeyPair own, KeyPair signer, Validity validity,
                                        boolean authority, List<String> dnsNames) {
        try {
            JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(issuer, BigInteger.valueOf(SERIAL.getAndIncrement()),
                Date.from(validity.from()), Date.from(validity.to()), subject, own.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
            if (!dnsNames.isEmpty()) {
                GeneralName[] names = Stream.of(dnsNames).flatMap(List::stream)
                    .map(name -> new GeneralName(GeneralName.dNSName, name)).toArray(GeneralName[]::new);
                builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
            }
            return new JcaX509CertificateConverter().getCertificate(
                builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(signer.getPrivate())));
        } catch (GeneralSecurityException | OperatorCreationException | CertIOException e) {
            throw new IllegalStateException(e);
        }
    }
}
