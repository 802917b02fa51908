package jamestls.dns;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.mtasts.Vectors;
import jamestls.mtasts.Vectors.Vector;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressGuardTest {

    private final AddressGuard guard = AddressGuard.publicOnly();

    static List<Vector> vectors() {
        return Vectors.of("address_guard");
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void publicOnlyShouldAgreeWithTheVectors(Vector vector) {
        Optional<InetAddress> address = IpLiteral.parse(vector.input().path("address").asText());

        switch (vector.expected().path("result").asText()) {
            case "allowed" -> assertThat(guard.objection(address.orElseThrow())).isEmpty();
            case "blocked" -> assertThat(guard.objection(address.orElseThrow())).isPresent();
            default -> assertThat(address).as("not a literal at all").isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.255.255.255", "169.254.169.254", "172.16.0.1",
        "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9",
        "224.0.0.1", "239.1.1.1", "250.1.1.1", "255.255.255.255", "::", "::1", "::8.8.8.8", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1",
        "64:ff9b:1::8.8.8.8", "100::1", "2001::1", "2001:0:7f00:1::1", "2001:db8::1", "2002:7f00:1::1", "2002:c0a8:101::", "3fff::1",
        "4000::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"})
    void publicOnlyShouldRefuseAddressesThatAreNotForTheInternet(String address) {
        assertThat(guard.objection(IpLiteral.parse(address).orElseThrow()).orElseThrow()).contains(" is not public: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.1.1.1", "9.9.9.9", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.1",
        "198.17.255.255", "198.20.0.0", "223.255.255.255", "2001:200::1", "2001:4860:4860::8888", "2620:fe::fe", "64:ff9b::8.8.8.8",
        "2002:808:808::1", "::ffff:8.8.8.8"})
    void publicOnlyShouldLetPublicAddressesThrough(String address) {
        assertThat(guard.objection(IpLiteral.parse(address).orElseThrow())).isEmpty();
    }

    @Test
    void objectionShouldNameAddressAndReason() {
        assertThat(guard.objection(InetAddress.getLoopbackAddress())).contains("127.0.0.1 is not public: loopback");
    }

    @Test
    void anywhereShouldLetLoopbackThrough() {
        assertThat(AddressGuard.anywhere().objection(InetAddress.getLoopbackAddress())).isEmpty();
    }
}
