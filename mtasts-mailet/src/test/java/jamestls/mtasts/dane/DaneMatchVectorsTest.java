package jamestls.mtasts.dane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import jamestls.dns.DomainName;
import jamestls.dns.TlsaRecord;
import jamestls.fakeinternet.CertificateBuilder;
import jamestls.fakeinternet.CertificateBuilder.Identifiers;
import jamestls.fakeinternet.CertificateBuilder.Issued;
import jamestls.mtasts.Vectors;
import jamestls.mtasts.Vectors.Vector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The vectors of area tlsa_match as certificates and records. */
class DaneMatchVectorsTest {

    private static final String HOST = "mail.example.com";
    private static final Issued ROOT = CertificateBuilder.authority("Root").selfSigned();
    private static final Issued CA1 = CertificateBuilder.authority("CA 1").signedBy(ROOT);
    private static final Issued CA2 = CertificateBuilder.authority("CA 2").signedBy(CA1);
    private static final Issued EE = CertificateBuilder.server(HOST).signedBy(CA2);
    private static final Issued OTHER_CA = CertificateBuilder.authority("Other").selfSigned();
    private static final Issued OTHER_EE = CertificateBuilder.server(HOST).signedBy(OTHER_CA);
    private static final Issued SELF_SIGNED = CertificateBuilder.server(HOST).selfSigned();
    private static final Issued NAMELESS = CertificateBuilder.nameless().expired().signedBy(CA2);

    private static final List<X509Certificate> CHAIN = chain(EE, CA2, CA1);
    private static final List<X509Certificate> WHOLE_CHAIN = chain(EE, CA2, CA1, ROOT);

    /** Where the RFC wins over the vector. */
    private static final Map<String, String> CONTRADICTED = Map.of(
        "ta-common-name-only", "RFC 7672 §3.2.3: without any DNS-ID the common name counts");

    /** What is about something else than a match. */
    private static final Map<String, String> NOT_A_MATCH = Map.of(
        "no-tlsa-with-tls", "no records, no DaneLookup.Found: TlsaRecordsTest",
        "no-tlsa-without-tls", "no records, no DaneLookup.Found: TlsaRecordsTest",
        "pkix-ta-with-ca-trust", "RFC 7672 §3.1.3: usage 0 is unusable for SMTP",
        "postfix-2-0-1-subdomain-reference", "a name that begins with a dot is a setting of Postfix, not a reference identifier",
        "postfix-2-1-0-subdomain-reference", "a name that begins with a dot is a setting of Postfix, not a reference identifier",
        "record-data-lost-its-type-in-serialisation", "records are typed here",
        "record-that-throws-is-reported-not-propagated", "malformed data is unusable: TlsaRulesTest");

    static List<Vector> vectors() {
        return Vectors.of("tlsa_match").stream().filter(vector -> !NOT_A_MATCH.containsKey(vector.name())).toList();
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void matchShouldBeThatOfTheVector(Vector vector) {
        boolean expected = vector.expected().get("result").asText().startsWith("match");

        assertThat(matches(vector.name())).isEqualTo(expected ^ CONTRADICTED.containsKey(vector.name()));
    }

    @Test
    void exceptionsShouldBeVectorsThatExist() {
        Set<String> names = Vectors.of("tlsa_match").stream().map(Vector::name).collect(Collectors.toSet());

        assertThat(names).containsAll(CONTRADICTED.keySet()).containsAll(NOT_A_MATCH.keySet());
        assertThat(DomainName.parse(".example.com")).isEmpty();
    }

    private static boolean matches(String name) {
        return switch (name) {
            case "ee-ca-issued-leaf", "ee-ignores-host-name" -> match(CHAIN, "name.mismatch.example", tlsa(3, 1, 1, EE));
            case "ee-full-certificate-digest" -> match(CHAIN, HOST, tlsa(3, 0, 1, EE));
            case "ee-spki-sha512" -> match(CHAIN, HOST, tlsa(3, 1, 2, EE));
            case "first-matching-record-is-reported" ->
                match(CHAIN, HOST, Tlsa.wrong(3, 1, 1), tlsa(3, 1, 1, EE), tlsa(3, 1, 2, EE));
            case "java-3-1-1-other-host-certificate" -> match(chain(OTHER_EE, OTHER_CA), HOST, tlsa(3, 1, 1, EE));
            case "mixed-usages-one-allowed-matches" -> match(CHAIN, HOST, Tlsa.wrong(2, 0, 1), tlsa(3, 1, 1, EE));
            case "pkix-ee-without-ca-trust" -> match(CHAIN, HOST, tlsa(1, 1, 1, EE));
            case "postfix-2-0-0-ca1" -> match(CHAIN, HOST, tlsa(2, 0, 0, CA1));
            case "postfix-2-0-0-ca2" -> match(CHAIN, HOST, tlsa(2, 0, 0, CA2));
            case "postfix-2-0-1-ca2" -> match(CHAIN, HOST, tlsa(2, 0, 1, CA2));
            case "postfix-2-0-1-self-signed-leaf-depth-0" -> match(chain(SELF_SIGNED), HOST, tlsa(2, 0, 1, SELF_SIGNED));
            case "postfix-2-0-2-self-signed-leaf-depth-0" -> match(chain(SELF_SIGNED), HOST, tlsa(2, 0, 2, SELF_SIGNED));
            case "postfix-2-1-2-self-signed-leaf-depth-0" -> match(chain(SELF_SIGNED), HOST, tlsa(2, 1, 2, SELF_SIGNED));
            case "postfix-2-1-0-leaf-as-ta" -> match(WHOLE_CHAIN, HOST, tlsa(2, 1, 0, EE));
            case "postfix-2-1-2-leaf-as-ta" -> match(WHOLE_CHAIN, HOST, tlsa(2, 1, 2, EE));
            case "postfix-2-1-0-root-absent-from-chain" -> match(CHAIN, HOST, tlsa(2, 1, 0, ROOT));
            case "postfix-2-1-1-root-absent-from-chain" -> match(CHAIN, HOST, tlsa(2, 1, 1, ROOT));
            case "postfix-2-1-2-ca1" -> match(CHAIN, HOST, tlsa(2, 1, 2, CA1));
            case "postfix-2-1-2-ca2" -> match(CHAIN, HOST, tlsa(2, 1, 2, CA2));
            case "postfix-3-0-1-issuer-as-ee" -> match(CHAIN, HOST, tlsa(3, 0, 1, CA2));
            case "postfix-3-0-2-issuer-as-ee" -> match(CHAIN, HOST, tlsa(3, 0, 2, CA2));
            case "postfix-3-0-1-key-only-no-subject-expired" -> match(chain(NAMELESS), HOST, tlsa(3, 0, 1, NAMELESS));
            case "postfix-3-0-2-key-only-no-subject-expired" -> match(chain(NAMELESS), HOST, tlsa(3, 0, 2, NAMELESS));
            case "postfix-3-0-1-valid-name-ignored" -> match(CHAIN, "whatever.example", tlsa(3, 0, 1, EE));
            case "postfix-3-1-0-valid-name-ignored" -> match(CHAIN, "whatever.example", tlsa(3, 1, 0, EE));
            case "postfix-3-1-1-valid-name-ignored" -> match(CHAIN, "whatever.example", tlsa(3, 1, 1, EE));
            case "postfix-3-1-2-valid-name-ignored" -> match(CHAIN, "whatever.example", tlsa(3, 1, 2, EE));
            case "postfix-chain-built-with-AKID-issuer" -> pointing(Identifiers.ISSUER);
            case "postfix-chain-built-with-AKID-keyid+issuer" -> pointing(Identifiers.KEY_ID_AND_ISSUER);
            case "postfix-chain-built-with-neither" -> pointing(Identifiers.NEITHER);
            case "real-chain-first-certificate-removed" -> match(chain(CA2, CA1), HOST, tlsa(3, 1, 1, EE), tlsa(2, 1, 1, CA2));
            case "ta-any-of-several-reference-names" ->
                matches(CHAIN, Tlsa.set(List.of(tlsa(2, 0, 1, CA2)), "other.example", HOST));
            case "ta-bare-key-2-1-0-not-in-chain" -> match(CHAIN, HOST, tlsa(2, 1, 0, ROOT));
            case "ta-bare-key-deep-chain-unrelated" -> match(CHAIN, HOST, tlsa(2, 1, 0, OTHER_CA));
            case "ta-bare-key-of-in-chain-intermediate" -> match(WHOLE_CHAIN, HOST, tlsa(2, 1, 0, CA2));
            case "ta-cert-full-not-in-chain" -> match(chain(EE), HOST, tlsa(2, 0, 0, CA2));
            case "ta-common-name-only" -> {
                Issued old = CertificateBuilder.commonNameOnly(HOST).signedBy(CA2);
                yield match(chain(old, CA2), HOST, tlsa(2, 0, 1, CA2));
            }
            case "ta-duplicate-and-unrelated-records" ->
                match(CHAIN, HOST, tlsa(2, 1, 1, OTHER_CA), tlsa(2, 1, 1, CA2), tlsa(2, 1, 1, CA2));
            case "ta-impostor-leaf-with-pinned-ca-stapled" -> match(chain(SELF_SIGNED, CA2), HOST, tlsa(2, 1, 1, CA2));
            case "ta-intermediate-of-another-chain" -> match(chain(OTHER_EE, OTHER_CA), HOST, tlsa(2, 1, 1, CA2));
            case "ta-leaf-eku-server-auth" -> {
                Issued server = CertificateBuilder.server(HOST).purpose(KeyPurposeId.id_kp_serverAuth).signedBy(CA2);
                yield match(chain(server, CA2), HOST, tlsa(2, 0, 1, CA2));
            }
            case "ta-record-but-no-chain" -> match(chain(EE), HOST, tlsa(2, 0, 1, CA2));
            // JSSE hands over no chain that it can't parse: the handshake fails; what is left is a chain without its end
            case "ta-unparseable-chain-entry-refuses-all" -> match(List.of(), HOST, tlsa(2, 0, 1, CA2));
            case "ta-unrelated-ca-appended-to-chain" -> match(chain(EE, CA2, OTHER_CA), HOST, tlsa(2, 0, 1, OTHER_CA));
            case "unknown-usage-skipped-when-another-matches" ->
                match(CHAIN, HOST, TlsaRecord.of(10, 1, 1, new byte[32]), tlsa(3, 1, 1, EE));
            default -> fail("no scenario for " + name);
        };
    }

    private static boolean pointing(Identifiers way) {
        Issued ca1 = CertificateBuilder.authority("CA 1").identifiers(way).signedBy(ROOT);
        Issued ca2 = CertificateBuilder.authority("CA 2").identifiers(way).signedBy(ca1);
        Issued ee = CertificateBuilder.server(HOST).identifiers(way).signedBy(ca2);
        return match(chain(ee, ca2, ca1), HOST, tlsa(2, 1, 1, ca1));
    }

    private static boolean match(List<X509Certificate> chain, String name, TlsaRecord... records) {
        return matches(chain, Tlsa.set(List.of(records), name));
    }

    private static boolean matches(List<X509Certificate> chain, TlsaSet tlsa) {
        return DaneVerifier.faults(chain, tlsa, Instant.now()).isEmpty();
    }

    private static TlsaRecord tlsa(int usage, int selector, int matchingType, Issued issued) {
        return Tlsa.of(usage, selector, matchingType, issued.certificate());
    }

    private static List<X509Certificate> chain(Issued... issued) {
        return Arrays.stream(issued).map(Issued::certificate).toList();
    }
}
