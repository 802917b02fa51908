package jamestls.mtasts.dane;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.CertificateBuilder;
import jamestls.fakeinternet.CertificateBuilder.Issued;
import java.math.BigInteger;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The bounds of the search: what a stranger's chain may cost. */
class PathSearchTest {

    private static final Issued CA = CertificateBuilder.authority("CA").selfSigned();
    private static final X509Certificate LEAF = CertificateBuilder.server("mx.example.org").signedBy(CA).certificate();

    private final PathSearch search = new PathSearch(List.of(LEAF, CA.certificate(), LEAF, CA.certificate()));

    @Test
    void onlyTheKeyThatSignedShouldHaveSigned() {
        assertThat(search.signed(LEAF, CA.certificate().getPublicKey())).isTrue();
        assertThat(search.signed(LEAF, CertificateBuilder.newKey().getPublic())).isFalse();
    }

    @Test
    void othersShouldBeEachOnceAndNotTheServersOwn() {
        assertThat(search.others()).containsExactly(CA.certificate());
    }

    @Test
    void hundredSignaturesShouldBeAllThatIsChecked() {
        assertThat(search.spend(99)).isTrue();
        assertThat(search.signed(LEAF, CA.certificate().getPublicKey())).as("the hundredth").isTrue();
        assertThat(search.isExhausted()).isFalse();

        assertThat(search.signed(LEAF, CA.certificate().getPublicKey())).isFalse();
        assertThat(search.isExhausted()).isTrue();
        assertThat(search.spend(1)).isFalse();
    }

    @Test
    void largeRsaKeysShouldCostNothing() {
        for (int i = 0; i < 200; i++) {
            assertThat(search.signed(LEAF, rsa(8_193))).isFalse();
        }
        assertThat(search.isExhausted()).isFalse();

        for (int i = 0; i < 101; i++) {
            assertThat(search.signed(LEAF, rsa(8_192))).isFalse();
        }
        assertThat(search.isExhausted()).as("these are looked at").isTrue();
    }

    @Test
    void chainOfTwentyShouldBeLookedAt() {
        assertThat(PathSearch.objection(Collections.nCopies(20, LEAF))).isEmpty();
        assertThat(PathSearch.objection(Collections.nCopies(21, LEAF))).contains("chain of 21 certificates");
        assertThat(PathSearch.objection(List.of())).contains("chain of 0 certificates");
    }

    private static RSAPublicKey rsa(int bits) {
        return new RSAPublicKey() {
            @Override
            public BigInteger getPublicExponent() {
                return BigInteger.valueOf(65_537);
            }

            @Override
            public BigInteger getModulus() {
                return BigInteger.ONE.shiftLeft(bits - 1);
            }

            @Override
            public String getAlgorithm() {
                return "RSA";
            }

            @Override
            public String getFormat() {
                return null;
            }

            @Override
            public byte[] getEncoded() {
                return null;
            }
        };
    }
}
