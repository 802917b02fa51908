package jamestls.mtasts.mx;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import jamestls.mtasts.mx.AddressOrder.Families;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressOrderTest {

    private static final DomainName HOST = DomainName.of("mx.good.example");
    private static final String SIX = "2001:db8::1 2001:db8::2 2001:db8::3 192.0.2.1 192.0.2.2";

    private final AtomicLong nanos = new AtomicLong();

    @ParameterizedTest
    @CsvSource({
        "both,       2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2 2001:db8::3",
        "ipv6-first, 2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2 2001:db8::3",
        "ipv4-first, 192.0.2.1 2001:db8::1 192.0.2.2 2001:db8::2 2001:db8::3",
        "IPv4,       192.0.2.1 192.0.2.2",
        "ipv6,       2001:db8::1 2001:db8::2 2001:db8::3"})
    void familiesShouldAlternateOrBeLeftOut(String families, String expected) {
        assertThat(order(families).of(HOST, addresses(SIX))).isEqualTo(addresses(expected));
    }

    @Test
    void oneGoodAddressBehindSixDeadOnesShouldComeSecond() {
        List<InetAddress> found = addresses("2001:db8::1 2001:db8::2 2001:db8::3 2001:db8::4 2001:db8::5 2001:db8::6 192.0.2.1");

        assertThat(order("both").of(HOST, found).subList(0, 6)).contains(address("192.0.2.1"));
    }

    @Test
    void addressThatTookNoConnectionShouldComeLastForTenMinutes() {
        AddressOrder order = order("both");
        order.notConnected(address("2001:db8::1"), "Connection refused");

        assertThat(order.of(HOST, addresses(SIX))).endsWith(address("2001:db8::1")).hasSize(5);
        assertThat(order.of(HOST, addresses("2001:db8::1"))).as("it is still tried").hasSize(1);
        nanos.addAndGet(Duration.ofMinutes(10).toNanos());
        assertThat(order.of(HOST, addresses(SIX))).startsWith(address("2001:db8::1"));
    }

    @Test
    void familyWithoutRouteShouldComeLastUntilItConnects() {
        AddressOrder order = order("both");
        order.notConnected(address("2001:db8::9"), "Network is unreachable");

        assertThat(order.of(HOST, addresses(SIX))).startsWith(address("192.0.2.1"), address("192.0.2.2")).hasSize(5);
        order.connected(address("2001:db8::7"));
        assertThat(order.of(HOST, addresses(SIX))).startsWith(address("2001:db8::1"));
    }

    @Test
    void hostThatRefusesIpv6ShouldBeTriedOverIpv4FirstForADay() {
        AddressOrder order = order("both");
        order.preferIpv4(HOST);

        assertThat(order.of(HOST, addresses(SIX))).startsWith(address("192.0.2.1"), address("192.0.2.2"));
        assertThat(order.of(DomainName.of("mx.other.example"), addresses(SIX))).startsWith(address("2001:db8::1"));
        nanos.addAndGet(Duration.ofDays(1).toNanos());
        assertThat(order.of(HOST, addresses(SIX))).startsWith(address("2001:db8::1"));
    }

    @Test
    void unknownWordShouldBeNoFamilies() {
        assertThat(Families.of("ipv5")).isEmpty();
        assertThat(Families.allowed()).isEqualTo("both, ipv4, ipv6, ipv4-first, ipv6-first");
    }

    private AddressOrder order(String families) {
        return new AddressOrder(Families.of(families).orElseThrow(), nanos::get);
    }

    private static List<InetAddress> addresses(String text) {
        return Stream.of(text.split(" ")).map(AddressOrderTest::address).toList();
    }

    private static InetAddress address(String text) {
        return IpLiteral.parse(text).orElseThrow();
    }
}
