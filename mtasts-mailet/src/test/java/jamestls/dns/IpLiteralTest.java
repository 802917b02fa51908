package jamestls.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Inet4Address;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IpLiteralTest {

    @ParameterizedTest
    @ValueSource(strings = {"", "localhost", "1", "127.1", "127.0.0.01", "256.0.0.1", "1.2.3.4.5", "0x7f.0.0.1", " 127.0.0.1", "[::1]",
        "::1%lo", ":", ":::", "1::2::3", "fffff::1", "1:2:3:4:5:6:7:8:9", "::1.2.3", "::010.0.0.1", "1.2.3.4\n"})
    void parseShouldRefuseWhatParsersDisagreeOn(String text) {
        assertThat(IpLiteral.parse(text)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::a",
        "2001:DB8:0:0:0:0:0:1", "64:ff9b::1.2.3.4"})
    void parseShouldReadCanonicalLiterals(String text) {
        assertThat(IpLiteral.parse(text)).isPresent();
    }

    @Test
    void parseShouldGiveTheIpv4AddressOfAMappedOne() {
        assertThat(IpLiteral.parse("::ffff:192.0.2.1")).get().isInstanceOf(Inet4Address.class);
    }
}
