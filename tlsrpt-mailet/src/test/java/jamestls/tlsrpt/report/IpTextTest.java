package jamestls.tlsrpt.report;

import static jamestls.tlsrpt.Samples.ip;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IpTextTest {

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1, 192.0.2.1",
        "2001:DB8:0:0:0:0:0:1, 2001:db8::1",
        "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
        "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
        "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "0:0:0:0:0:0:0:0, ::",
        "1:0:0:0:0:0:0:0, 1::",
        "::ffff:192.0.2.1, 192.0.2.1"
    })
    void addressShouldBeFormattedCanonically(String written, String canonical) {
        assertThat(IpText.of(ip(written))).isEqualTo(canonical);
    }

    @ParameterizedTest
    @CsvSource({"010.0.0.1", "1.2.3", "[::1]", "2001:DB8::1", "2001:db8:0::1", "::ffff:c000:201",
        "::FFFF:192.0.2.1", "fe80::1%lo", "mx.example", "''"})
    void otherFormsShouldNotBeCanonical(String text) {
        assertThat(IpText.isCanonical(text)).isFalse();
    }

    /** RFC 5952 §5 */
    @Test
    void mappedAddressWithADottedQuadShouldBeCanonical() {
        assertThat(IpText.isCanonical("::ffff:192.0.2.1")).isTrue();
    }

    @Property
    void textShouldParseToTheSameAddress(@ForAll @Size(16) byte[] octets) throws UnknownHostException {
        InetAddress address = InetAddress.getByAddress(octets);
        String text = IpText.of(address);
        assertThat(InetAddress.getByName(text)).isEqualTo(address);
        assertThat(IpText.isCanonical(text)).isTrue();
    }
}
