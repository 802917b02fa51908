package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.mtasts.delivery.Gateways.Order;
import jamestls.mtasts.mx.MxHost;
import jamestls.smtp.SmtpConnector.TlsUse;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GatewaysTest {

    @Test
    void parseShouldReadNamesAddressesAndPorts() {
        List<MxHost> gateways = Gateways.hosts("relay.example.org, Relay2.example.org:587,192.0.2.1:26 ,[2001:db8::25]:27", 25);

        assertThat(gateways).extracting(host -> host.name() + " " + host.port().getAsInt()).containsExactly(
            "relay.example.org 25", "relay2.example.org 587", "1.2.0.192.in-addr.arpa 26",
            "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa 27");
        assertThat(gateways).extracting(host -> host.address().isPresent()).containsExactly(false, false, true, true);
        assertThat(gateways).extracting(MxHost::namedBy).containsOnly(MxHost.NamedBy.OPERATOR);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "relay.example.org:0", "relay.example.org:65536", "relay.example.org:smtp", "a b", "2001:db8::25",
        "[relay]",
        "relay.example.org,,b.example"})
    void parseShouldNameWhatIsNoGateway(String text) {
        assertThatThrownBy(() -> Gateways.hosts(text, 25)).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("is not host[:port]");
    }

    @Test
    void listedOrderShouldBeKeptAndTheOtherVary() {
        Random random = new Random(1);
        Gateways listed = of(Order.AS_LISTED);
        Gateways shuffled = of(Order.SHUFFLED);

        assertThat(listed.inOrder(random)).extracting(FixedNextHop::host).isEqualTo(listed.hosts());
        assertThat(java.util.stream.Stream.generate(() -> shuffled.inOrder(random).getFirst().host().name().ascii()).limit(200))
            .contains("a.example", "b.example", "c.example", "d.example");
    }

    private static Gateways of(Order order) {
        return new Gateways(Gateways.hosts("a.example,b.example,c.example,d.example", 25), order, TlsUse.IF_OFFERED,
            Gateways.Verification.NOT_DEMANDED, Optional.empty());
    }
}
