package jamestls.mtasts.mx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.mtasts.mx.Gateways.Order;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GatewaysTest {

    @Test
    void parseShouldReadNamesAddressesAndPorts() {
        Gateways gateways = Gateways.parse("relay.example.org, Relay2.example.org:587,192.0.2.1:26 ,[2001:db8::25]:27", 25,
            Order.AS_LISTED);

        assertThat(gateways.hosts()).extracting(host -> host.name() + " " + host.port().getAsInt()).containsExactly(
            "relay.example.org 25", "relay2.example.org 587", "1.2.0.192.in-addr.arpa 26",
            "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa 27");
        assertThat(gateways.hosts()).extracting(host -> host.address().isPresent()).containsExactly(false, false, true, true);
        assertThat(gateways.hosts()).extracting(MxHost::namedBy).containsOnly(MxHost.NamedBy.OPERATOR);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "relay.example.org:0", "relay.example.org:65536", "relay.example.org:smtp", "a b", "2001:db8::25",
        "[relay]",
        "relay.example.org,,b.example"})
    void parseShouldNameWhatIsNoGateway(String text) {
        assertThatThrownBy(() -> Gateways.parse(text, 25, Order.AS_LISTED)).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("is not host[:port]");
    }

    @Test
    void listedOrderShouldBeKeptAndTheOtherVary() {
        Random random = new Random(1);
        Gateways listed = Gateways.parse("a.example,b.example,c.example,d.example", 25, Order.AS_LISTED);
        Gateways shuffled = new Gateways(listed.hosts(), Order.SHUFFLED);

        assertThat(listed.inOrder(random)).isEqualTo(listed.hosts());
        assertThat(java.util.stream.Stream.generate(() -> shuffled.inOrder(random).getFirst().name().ascii()).limit(200))
            .contains("a.example", "b.example", "c.example", "d.example");
    }
}
