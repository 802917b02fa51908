package jamestls.fakeinternet;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.NameConstraints;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v1CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A certificate to be, in whatever shape a test needs, right or wrong: {@code CertificateBuilder.authority("CA").selfSigned()},
 * {@code CertificateBuilder.server("mx.example.org").signedBy(ca)}.
 */
public final class CertificateBuilder {

    private static final AtomicLong SERIAL = new AtomicLong(1_000);

    private final X500Name subject;
    private final boolean authority;
    private List<String> dnsNames = List.of();
    private OptionalInt pathLength = OptionalInt.empty();
    private OptionalInt keyUsage = OptionalInt.empty();
    private Optional<KeyPurposeId> purpose = Optional.empty();
    private Optional<String> permitted = Optional.empty();
    private Identifiers identifiers = Identifiers.KEY_ID;
    private Instant from = Instant.now().minus(1, ChronoUnit.DAYS);
    private Instant to = from.plus(365, ChronoUnit.DAYS);
    private KeyPair key = newKey();
    private String algorithm = "SHA256withECDSA";
    private Optional<byte[]> ipRange = Optional.empty();
    private boolean withoutExtensions;

    private CertificateBuilder(X500Name subject, boolean authority) {
        this.subject = subject;
        this.authority = authority;
    }

    /** How a certificate points to its issuer (RFC 5280 §4.2.1.1). */
    public enum Identifiers { NEITHER, KEY_ID, ISSUER, KEY_ID_AND_ISSUER }

    /** A certificate with the key that belongs to it. */
    public record Issued(X509Certificate certificate, KeyPair key) {
    }

    /** A certificate authority's. */
    public static CertificateBuilder authority(String name) {
        return new CertificateBuilder(new X500Name("CN=" + name), true);
    }

    /** A server's; the first name is the subject, too. */
    public static CertificateBuilder server(String... dnsNames) {
        CertificateBuilder draft = new CertificateBuilder(new X500Name("CN=" + dnsNames[0]), false);
        draft.dnsNames = Arrays.asList(dnsNames);
        return draft;
    }

    /** A server's with the name in its subject only. */
    public static CertificateBuilder commonNameOnly(String name) {
        return new CertificateBuilder(new X500Name("CN=" + name), false);
    }

    /** A server's without any name that a server could have; the JDK reads none that is for nobody at all. */
    public static CertificateBuilder nameless() {
        return new CertificateBuilder(new X500Name(""), false);
    }

    /** At most that many authorities below this one. */
    public CertificateBuilder pathLength(int length) {
        pathLength = OptionalInt.of(length);
        return this;
    }

    /** Bits of {@link KeyUsage}. */
    public CertificateBuilder keyUsage(int bits) {
        keyUsage = OptionalInt.of(bits);
        return this;
    }

    public CertificateBuilder purpose(KeyPurposeId id) {
        purpose = Optional.of(id);
        return this;
    }

    /** Names below that domain only (RFC 5280 §4.2.1.10). */
    public CertificateBuilder permitting(String domain) {
        permitted = Optional.of(domain);
        return this;
    }

    public CertificateBuilder identifiers(Identifiers way) {
        identifiers = way;
        return this;
    }

    public CertificateBuilder valid(Instant since, Instant until) {
        from = since;
        to = until;
        return this;
    }

    /** Good until yesterday. */
    public CertificateBuilder expired() {
        return valid(from.minus(365, ChronoUnit.DAYS), Instant.now().minus(1, ChronoUnit.DAYS));
    }

    /** Signed with another algorithm than {@code SHA256withECDSA}. */
    public CertificateBuilder signedWith(String name) {
        algorithm = name;
        return this;
    }

    /** A subjectAltName of type iPAddress with these octets, whatever they are. */
    public CertificateBuilder ipAddress(byte[] octets) {
        ipRange = Optional.of(octets);
        return this;
    }

    /** Version 1, which has no extensions. */
    public CertificateBuilder versionOne() {
        withoutExtensions = true;
        return this;
    }

    /** A trust store with that certificate alone. */
    public static KeyStore store(Issued issued) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setCertificateEntry("one", issued.certificate());
            return store;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    public CertificateBuilder key(KeyPair pair) {
        key = pair;
        return this;
    }

    public Issued selfSigned() {
        return sign(subject, key, Optional.empty());
    }

    public Issued signedBy(Issued issuer) {
        return sign(new X500Name(issuer.certificate().getSubjectX500Principal().getName()), issuer.key(),
            Optional.of(issuer.certificate()));
    }

    /** A new EC key. */
    public static KeyPair newKey() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private Issued sign(X500Name issuer, KeyPair signer, Optional<X509Certificate> issuerCertificate) {
        try {
            if (withoutExtensions) {
                return new Issued(new JcaX509CertificateConverter().getCertificate(new JcaX509v1CertificateBuilder(issuer,
                    BigInteger.valueOf(SERIAL.getAndIncrement()), Date.from(from), Date.from(to), subject, key.getPublic())
                    .build(new JcaContentSignerBuilder(algorithm).build(signer.getPrivate()))), key);
            }
            JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(issuer, BigInteger.valueOf(SERIAL.getAndIncrement()),
                Date.from(from), Date.from(to), subject, key.getPublic());
            builder.addExtension(Extension.basicConstraints, true, authority && pathLength.isPresent()
                ? new BasicConstraints(pathLength.getAsInt()) : new BasicConstraints(authority));
            addExtensions(builder);
            addIdentifiers(builder, signer.getPublic(), issuerCertificate);
            return new Issued(new JcaX509CertificateConverter().getCertificate(
                builder.build(new JcaContentSignerBuilder(algorithm).build(signer.getPrivate()))), key);
        } catch (GeneralSecurityException | OperatorCreationException | CertIOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void addExtensions(JcaX509v3CertificateBuilder builder) throws CertIOException {
        if (!dnsNames.isEmpty()) {
            Stream<GeneralName> names = dnsNames.stream().map(name -> new GeneralName(GeneralName.dNSName, name));
            Stream<GeneralName> addresses = ipRange.stream()
                .map(octets -> new GeneralName(GeneralName.iPAddress, new DEROctetString(octets)));
            builder.addExtension(Extension.subjectAlternativeName, false,
                new GeneralNames(Stream.concat(names, addresses).toArray(GeneralName[]::new)));
        }
        if (subject.getRDNs().length == 0) {
            builder.addExtension(Extension.subjectAlternativeName, true,
                new GeneralNames(new GeneralName(GeneralName.rfc822Name, "somebody@example.org")));
        }
        if (keyUsage.isPresent()) {
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(keyUsage.getAsInt()));
        }
        if (purpose.isPresent()) {
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose.get()));
        }
        if (permitted.isPresent()) {
            GeneralSubtree below = new GeneralSubtree(new GeneralName(GeneralName.dNSName, permitted.get()));
            builder.addExtension(Extension.nameConstraints, true, new NameConstraints(new GeneralSubtree[] {below}, null));
        }
    }

    private void addIdentifiers(JcaX509v3CertificateBuilder builder, PublicKey signer, Optional<X509Certificate> issuer)
            throws GeneralSecurityException, CertIOException {
        JcaX509ExtensionUtils utilities = new JcaX509ExtensionUtils();
        if (identifiers != Identifiers.NEITHER) {
            builder.addExtension(Extension.subjectKeyIdentifier, false, utilities.createSubjectKeyIdentifier(key.getPublic()));
        }
        if (issuer.isEmpty()) {
            return;
        }
        byte[] keyId = utilities.createAuthorityKeyIdentifier(SubjectPublicKeyInfo.getInstance(signer.getEncoded())).getKeyIdentifier();
        GeneralNames name = new GeneralNames(new GeneralName(new X500Name(issuer.get().getIssuerX500Principal().getName())));
        BigInteger serial = issuer.get().getSerialNumber();
        switch (identifiers) {
            case NEITHER -> {
                // nothing to point with
            }
            case KEY_ID -> builder.addExtension(Extension.authorityKeyIdentifier, false,
                new AuthorityKeyIdentifier(keyId));
            case ISSUER -> builder.addExtension(Extension.authorityKeyIdentifier, false,
                new AuthorityKeyIdentifier(name, serial));
            case KEY_ID_AND_ISSUER -> builder.addExtension(Extension.authorityKeyIdentifier, false,
                new AuthorityKeyIdentifier(keyId, name, serial));
        }
    }
}
