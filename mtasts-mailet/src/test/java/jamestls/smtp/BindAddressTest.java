package jamestls.smtp;

import static jamestls.smtp.SmtpFixture.MX;
import static jamestls.smtp.SmtpFixture.connect;
import static jamestls.smtp.SmtpFixture.failureOf;
import static jamestls.smtp.SmtpFixture.settings;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SmtpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The parameter {@code bind}, over sockets. */
class BindAddressTest {

    @Test
    void bindAddressOfTheOtherFamilyShouldBeLeftAside() throws IOException {
        try (SmtpServer server = SmtpServer.named(MX.ascii()).on("::1").start();
             SmtpConnector connector = new SmtpConnector(settings().withBindAddresses(List.of(InetAddress.getByName("127.0.0.3"))));
             SmtpSession session = connect(connector, server)) {
            assertThat(session.observation().sendingIp()).contains(InetAddress.getByName("::1"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.3, 2001:db8::1", "2001:db8::1, 127.0.0.3"})
    void eachFamilyShouldHaveItsBindAddress(String addresses) throws IOException {
        List<InetAddress> bound = new ArrayList<>();
        for (String address : addresses.split(", ")) {
            bound.add(InetAddress.getByName(address));
        }
        try (SmtpServer ipv4 = SmtpServer.named(MX.ascii()).on("127.0.0.1").start();
             SmtpServer ipv6 = SmtpServer.named(MX.ascii()).on("::1").start();
             SmtpConnector connector = new SmtpConnector(settings().withBindAddresses(bound))) {
            try (SmtpSession session = connect(connector, ipv4)) {
                assertThat(session.observation().sendingIp()).contains(InetAddress.getByName("127.0.0.3"));
            }
            // an address that this machine does not have: the attempt to bind it shows which one was taken
            try (SmtpSession session = connect(connector, ipv6)) {
                assertThat(failureOf(session).detail()).contains("assign requested address");
            }
        }
    }
}
