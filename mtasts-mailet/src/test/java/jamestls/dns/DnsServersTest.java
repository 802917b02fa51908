package jamestls.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.config.Parameters;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import org.apache.james.dnsservice.api.DNSService;
import org.apache.james.dnsservice.api.DNSServiceMBean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DnsServersTest {

    @Test
    void parseShouldKeepOrderAndFillInThePort() throws Exception {
        assertThat(DnsServers.parse("127.0.0.1:5353, [::1]:54,9.9.9.9 , 2620:fe::fe, [2620:fe::9]")).containsExactly(
            new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 5353),
            new InetSocketAddress(InetAddress.getByName("::1"), 54),
            new InetSocketAddress(InetAddress.getByName("9.9.9.9"), 53),
            new InetSocketAddress(InetAddress.getByName("2620:fe::fe"), 53),
            new InetSocketAddress(InetAddress.getByName("2620:fe::9"), 53));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "dns.example", "9.9.9", "9.9.9.9:", "9.9.9.9:0", "9.9.9.9:65536", "9.9.9.9:dns", "[9.9.9.9]:53", "[::1",
        "::1]:53", "[::1]53", "09.9.9.9", "[fe80::1%eth0]"})
    void parseShouldNameTheElementThatIsNoAddress(String bad) {
        assertThatThrownBy(() -> DnsServers.parse("127.0.0.1, " + bad + ", 9.9.9.9"))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("'" + bad + "' is not an IP address");
    }

    @Test
    void parseShouldBoundTheNumberOfServers() {
        assertThatThrownBy(() -> DnsServers.parse(String.join(",", Collections.nCopies(17, "9.9.9.9"))))
            .hasMessageContaining("at most 16");
    }

    @Test
    void ofShouldAskWhoJamesAsksUnlessConfigured() throws Exception {
        assertThat(DnsServers.of(parameters(Map.of()), DnsServers.ofJames(james("192.0.2.53")))).containsExactly(
            new InetSocketAddress(InetAddress.getByName("192.0.2.53"), 53));
        assertThat(DnsServers.of(parameters(Map.of("dnsServers", "[::1]:5353")), DnsServers.ofJames(james("192.0.2.53")))).containsExactly(
            new InetSocketAddress(InetAddress.getByName("::1"), 5353));
    }

    @Test
    void ofShouldSayWhatToWriteWhenJamesDoesNotTell() {
        Parameters parameters = parameters(Map.of());
        DnsServers.of(parameters, DnsServers.ofJames(james()));

        assertThatThrownBy(parameters::check).hasMessageContaining("it is not known which DNS servers are usual here");
    }

    private static Parameters parameters(Map<String, String> written) {
        return new Parameters("Sample", written, Parameters.ForeignNames.NONE, Path::of);
    }

    /** James's DNS service as far as it says whom it asks. */
    private static DNSService james(String... servers) {
        return (DNSService) Proxy.newProxyInstance(DnsServersTest.class.getClassLoader(),
            new Class<?>[] {DNSService.class, DNSServiceMBean.class},
            (proxy, method, arguments) -> {
                if (method.getName().equals("getDNSServers")) {
                    return servers;
                }
                throw new UnsupportedOperationException(method.getName());
            });
    }
}
