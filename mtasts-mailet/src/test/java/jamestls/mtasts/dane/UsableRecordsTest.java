package jamestls.mtasts.dane;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import jamestls.dns.TlsaRecord;
import jamestls.fakeinternet.CertificateBuilder;
import jamestls.mtasts.Vectors;
import jamestls.mtasts.Vectors.Vector;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class UsableRecordsTest {

    private static final X509Certificate AUTHORITY = CertificateBuilder.authority("CA").selfSigned().certificate();

    static List<Vector> vectors() {
        return Vectors.of("tlsa_usable");
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void usabilityShouldBeThatOfTheVector(Vector vector) throws Exception {
        JsonNode in = vector.input();
        int selector = in.get("selector").asInt();
        byte[] data = new byte[in.get("len").asInt()];
        if (in.get("mtype").asInt() == 0 && data.length > 0) {
            // the vectors leave open what full data is; RFC 6698 §4.1 wants it well-formed
            data = selector == 0 ? AUTHORITY.getEncoded() : AUTHORITY.getPublicKey().getEncoded();
        }
        TlsaRecord record = TlsaRecord.of(in.get("usage").asInt(), selector, in.get("mtype").asInt(), data);

        assertThat(UsableRecords.isUsable(record)).isEqualTo(vector.expected().get("usable").asBoolean());
    }

    @Test
    void anchorInFullShouldBeUsableOnlyIfItIsOne() throws Exception {
        byte[] certificate = AUTHORITY.getEncoded();
        byte[] key = AUTHORITY.getPublicKey().getEncoded();

        assertThat(UsableRecords.isUsable(TlsaRecord.of(2, 0, 0, certificate))).isTrue();
        assertThat(UsableRecords.isUsable(TlsaRecord.of(2, 1, 0, key))).isTrue();
        assertThat(UsableRecords.isUsable(TlsaRecord.of(2, 0, 0, key))).isFalse();
        assertThat(UsableRecords.isUsable(TlsaRecord.of(2, 1, 0, certificate))).isFalse();
        assertThat(UsableRecords.isUsable(TlsaRecord.of(2, 0, 0, Arrays.copyOf(certificate, certificate.length - 1)))).isFalse();
        assertThat(UsableRecords.isUsable(TlsaRecord.of(2, 0, 0, Arrays.copyOf(certificate, certificate.length + 1)))).isFalse();
        assertThat(UsableRecords.isUsable(TlsaRecord.of(3, 0, 0, new byte[0]))).isFalse();
    }

    @Test
    void fullDataOfAnEndEntityShouldBeWhatItsSelectorSays() throws Exception {
        byte[] certificate = AUTHORITY.getEncoded();
        byte[] key = AUTHORITY.getPublicKey().getEncoded();

        assertThat(UsableRecords.isUsable(TlsaRecord.of(3, 0, 0, certificate))).isTrue();
        assertThat(UsableRecords.isUsable(TlsaRecord.of(3, 1, 0, key))).isTrue();
        assertThat(UsableRecords.isUsable(TlsaRecord.of(3, 1, 0, certificate))).isFalse();
        assertThat(UsableRecords.isUsable(TlsaRecord.of(3, 0, 0, key))).isFalse();
        assertThat(UsableRecords.isUsable(TlsaRecord.of(3, 0, 0, new byte[100]))).isFalse();
        assertThat(UsableRecords.isUsable(TlsaRecord.of(3, 1, 0, new byte[100]))).isFalse();
        assertThat(UsableRecords.isUsable(TlsaRecord.of(3, 1, 0, Arrays.copyOf(key, key.length + 1)))).isFalse();
    }

    @Test
    void keyOfAnUnknownAlgorithmShouldBeUsableForAnEndEntity() {
        byte[] key = HexFormat.of().parseHex("300c300706052a0304050603010001".substring(0, 28));

        assertThat(UsableRecords.isUsable(TlsaRecord.of(3, 1, 0, key))).isTrue();
        assertThat(UsableRecords.isUsable(TlsaRecord.of(2, 1, 0, key))).isFalse();
    }

    @Test
    void recordTooLongToBeQuotedShouldBeLeftOutOfTheReport() {
        TlsaSet set = Tlsa.set(List.of(TlsaRecord.of(3, 0, 0, new byte[2_049]), TlsaRecord.of(3, 0, 0, new byte[TlsaRecord.MAX_DATA + 1]),
            TlsaRecord.of(3, 0, 0, new byte[2_048])), "mx.example.org");

        assertThat(set.applied().policyStrings()).containsExactly("3 0 0 " + "00".repeat(2_048));
    }

    @Test
    void recordThatWasCutShouldBeUnusable() {
        assertThat(UsableRecords.isUsable(TlsaRecord.of(3, 0, 0, new byte[TlsaRecord.MAX_DATA + 1]))).isFalse();
    }

    @Test
    void stuntedRecordShouldBeUnusableAndQuotedAsItIs() {
        TlsaRecord stunted = new TlsaRecord(0, 0, 0, new byte[] {3, 1}, TlsaRecord.Extent.TRUNCATED);

        assertThat(UsableRecords.isUsable(stunted)).isFalse();
        assertThat(TlsaSet.text(stunted)).isEqualTo("\\# 2 0301");
    }

    @Test
    void publicKeyShouldBeCutOutAsItIsInTheCertificate() throws Exception {
        assertThat(Der.publicKeyInfo(AUTHORITY)).isEqualTo(AUTHORITY.getPublicKey().getEncoded());
    }

    @Test
    void longElementsShouldBeReadByTheirLength() throws Exception {
        KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
        rsa.initialize(2_048);
        X509Certificate certificate = CertificateBuilder.server("mx.example.org").key(rsa.generateKeyPair())
            .signedBy(CertificateBuilder.authority("CA").selfSigned()).certificate();

        assertThat(Der.publicKeyInfo(certificate)).isEqualTo(certificate.getPublicKey().getEncoded());
    }

    @Test
    void lengthsShouldBeDerOfThreeOctetsAtMost() {
        String algorithm = "300706052a03040506";
        byte[] threeOctets = der("3083010012" + algorithm + "03830100" + "04" + "00".repeat(65_540));

        assertThat(Der.isPublicKeyInfo(der("308200" + "0d" + algorithm + "0302" + "0001"))).isTrue();
        assertThat(Der.isPublicKeyInfo(threeOctets)).isTrue();
        assertThat(Der.isPublicKeyInfo(der("3084000000" + "0d" + algorithm + "03020001"))).as("four octets").isFalse();
        assertThat(Der.isPublicKeyInfo(der("3080" + algorithm + "0375" + "00".repeat(117)))).as("indefinite, 128 octets").isFalse();
    }

    private static byte[] der(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    @Property(tries = 300)
    void noRecordShouldEverThrow(@ForAll @IntRange(max = 4) int usage, @ForAll @IntRange(max = 2) int selector,
                                 @ForAll @IntRange(max = 3) int matchingType, @ForAll @Size(max = 300) byte[] data) {
        TlsaSet set = Tlsa.set(List.of(TlsaRecord.of(usage, selector, matchingType, data)), "mx.example.org");

        assertThat(DaneVerifier.faults(List.of(AUTHORITY), set, AUTHORITY.getNotBefore().toInstant())).isNotEmpty();
    }
}
