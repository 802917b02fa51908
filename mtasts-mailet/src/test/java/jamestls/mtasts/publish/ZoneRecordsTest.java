package jamestls.mtasts.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.TestCa;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Base64;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.Master;
import org.xbill.DNS.Record;
import org.xbill.DNS.TXTRecord;

/** The lines for zones, read by dnsjava's reader of zone files; keys in PEM. */
class ZoneRecordsTest {

    private static final DomainName OWNER = DomainName.of("_mta-sts.example.org");

    @Property(tries = 200)
    void anyTextShouldBeReadAsWritten(@ForAll String text) throws Exception {
        TXTRecord record = (TXTRecord) read(ZoneRecords.txt(OWNER, text));

        StringBuilder octets = new StringBuilder();
        for (byte[] string : record.getStringsAsByteArrays()) {
            assertThat(string.length).isLessThanOrEqualTo(255);
            octets.append(new String(string, StandardCharsets.ISO_8859_1));
        }
        assertThat(new String(octets.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8))
            .isEqualTo(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8));
    }

    @Test
    void longTextShouldBeSplitInto255Octets() throws Exception {
        TXTRecord record = (TXTRecord) read(ZoneRecords.txt(OWNER, "x".repeat(511)));

        assertThat(record.getStringsAsByteArrays()).extracting(string -> string.length).containsExactly(255, 255, 1);
        assertThat(ZoneRecords.txt(OWNER, "x".repeat(255))).doesNotContain("(");
    }

    @Test
    void addressesAndTlsaRecordsShouldBeReadAsWritten() throws Exception {
        Record address = read(ZoneRecords.address(OWNER, IpLiteral.parse("2001:db8::1").orElseThrow()));

        assertThat(address).isInstanceOf(AAAARecord.class);
        assertThat(ZoneRecords.tlsa(DomainName.of("mx.example.org"), 25, "3 1 1 abcd"))
            .isEqualTo("_25._tcp.mx.example.org. 3600 IN TLSA 3 1 1 abcd");
    }

    @Test
    void publicKeyShouldBeFoundInACertificateAPublicKeyAndAnRsaKey() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair rsa = generator.generateKeyPair();
        Identity identity = TestCa.selfSigned("mx.example.org");
        String certificate = pem("CERTIFICATE", identity.chain().getFirst().getEncoded());

        assertThat(PemFile.publicKey("Bag Attributes\n" + certificate)).isEqualTo(identity.chain().getFirst().getPublicKey());
        assertThat(PemFile.publicKey(pem("PUBLIC KEY", identity.chain().getFirst().getPublicKey().getEncoded())))
            .isEqualTo(identity.chain().getFirst().getPublicKey());
        assertThat(PemFile.publicKey(pem("PRIVATE KEY", rsa.getPrivate().getEncoded()))).isEqualTo(rsa.getPublic());
        assertThatThrownBy(() -> PemFile.publicKey(pem("PRIVATE KEY", identity.key().getEncoded())))
            .hasMessageContaining("openssl pkey -in FILE -pubout");
        assertThatThrownBy(() -> PemFile.publicKey("nothing")).hasMessageContaining("neither a certificate nor a public key");
        assertThatThrownBy(() -> PemFile.publicKey(pem("CERTIFICATE", new byte[] {1, 2, 3}))).hasMessageContaining("can't be read");
        assertThatThrownBy(() -> PemFile.privateKey(certificate)).hasMessageContaining("openssl pkcs8 -topk8 -nocrypt");
        assertThat(PemFile.privateKey(pem("PRIVATE KEY", identity.key().getEncoded()))).isEqualTo(identity.key());
    }

    private static String pem(String label, byte[] der) {
        return "-----BEGIN " + label + "-----\n" + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der) + "\n-----END " + label
            + "-----\n";
    }

    private static Record read(String line) throws Exception {
        try (Master master = new Master(new ByteArrayInputStream((line + "\n").getBytes(StandardCharsets.US_ASCII)))) {
            return master.nextRecord();
        }
    }
}
