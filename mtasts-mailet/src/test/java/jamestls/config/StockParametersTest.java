package jamestls.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.mail.MessagingException;
import jamestls.config.DeliveryConfiguration.Retries;
import jamestls.config.GatewayParameters.Balancing;
import jamestls.config.GatewayParameters.ClearTextLogin;
import jamestls.config.GatewayParameters.Tls;
import jamestls.config.GatewayParameters.Verification;
import java.time.Duration;
import org.apache.mailet.base.test.FakeMailetConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What stock RemoteDelivery 3.9.0 reads: each name means the same here, or the message says what to write. */
class StockParametersTest {

    @Test
    void everythingStockReadsForMxHostsShouldBeRead() throws MessagingException {
        DeliveryConfiguration read = of("outgoing", "out", "delayTime", "2*10m", "maxRetries", "7", "maxDnsProblemRetries", "3",
            "timeout", "60000", "connectiontimeout", "5000", "sendpartial", "true", "bounceProcessor", "bounces", "onSuccess", "sent",
            "bind", "127.0.0.1", "heloName", "mail.example.org", "usePriority", "TRUE", "debug", "true", "startTLS", "true",
            "sslEnable", "false", "verifyServerIdentity", "false", "sslTrustAllCerts", "false", "loadBalancing", "true");

        assertThat(read.outgoing()).isEqualTo("out");
        assertThat(read.delayTime()).isEqualTo("2*10m");
        assertThat(read.maxRetries()).isEqualTo(7);
        assertThat(read.maxDnsProblemRetries()).isEqualTo(3);
        assertThat(read.readTimeout()).isEqualTo(Duration.ofMinutes(1));
        assertThat(read.connectTimeout()).isEqualTo(Duration.ofSeconds(5));
        assertThat(read.bounceProcessor()).contains("bounces");
        assertThat(read.onSuccess()).contains("sent");
        assertThat(read.bind()).contains("127.0.0.1");
        assertThat(read.heloName()).contains("mail.example.org");
        assertThat(read.retries()).isEqualTo(Retries.LAST);
        assertThat(read.gateway()).isEmpty();
    }

    @Test
    void gatewayWithPasswordShouldBeVerifiedUnlessToldOtherwise() throws MessagingException {
        assertThat(of("gateway", "relay.example.org", "gatewayUsername", "james", "gatewayPassword", "secret").gateway()).contains(
            new GatewayParameters("relay.example.org", 25, Balancing.RANDOM, Tls.STARTTLS, Verification.DEMANDED,
                java.util.Optional.of("james"), "secret", ClearTextLogin.REFUSED));
        assertThat(of("gateway", "relay.example.org", "gatewayUsername", "james", "gatewayPassword", "secret", "verifyServerIdentity",
            "false").gateway()).hasValueSatisfying(gateway -> assertThat(gateway.verification()).isEqualTo(Verification.AS_POLICY_SAYS));
        assertThat(of("gateway", "relay.example.org", "gatewayusername", "james", "gatewayPassword", "secret", "gatewayAuthInClear", "true")
            .gateway()).hasValueSatisfying(gateway -> {
                assertThat(gateway.verification()).isEqualTo(Verification.AS_POLICY_SAYS);
                assertThat(gateway.clearTextLogin()).isEqualTo(ClearTextLogin.ALLOWED);
            });
    }

    @Test
    void sslEnableShouldMeanPort465AndVerifiedTls() throws MessagingException {
        assertThat(of("gateway", "a.example, b.example:1465", "sslEnable", "true", "loadBalancing", "false").gateway())
            .hasValueSatisfying(gateway -> {
                assertThat(gateway.port()).isEqualTo(465);
                assertThat(gateway.tls()).isEqualTo(Tls.IMPLICIT);
                assertThat(gateway.verification()).isEqualTo(Verification.DEMANDED);
                assertThat(gateway.balancing()).isEqualTo(Balancing.IN_ORDER);
            });
        assertThat(of("gateway", "a.example", "gatewayPort", "587").gateway()).hasValueSatisfying(gateway -> {
            assertThat(gateway.port()).isEqualTo(587);
            assertThat(gateway.verification()).isEqualTo(Verification.AS_POLICY_SAYS);
        });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "startTLS | false | STARTTLS is used wherever a server offers it",
        "sslEnable | true | TLS from the first byte is for a gateway",
        "verifyServerIdentity | true | the policy of the recipient domain decides",
        "sslTrustAllCerts | true | verifyServerIdentity=false",
        "gatewayPort | 25 | there is no 'gateway'",
        "gatewayUsername | james | there is no 'gateway'",
        "sendpartial | perhaps | true or false",
        "maxDnsProblemRetries | -1 | 0 to 10000"})
    void whatCannotMeanTheSameShouldSayWhatToWrite(String name, String value, String advice) {
        assertThatThrownBy(() -> of(name, value)).isInstanceOf(MessagingException.class)
            .hasMessageContainingAll("'" + name + "'", "'" + value + "'", advice);
    }

    @Test
    void passwordShouldNotBeShown() {
        assertThatThrownBy(() -> of("gatewayPassword", "s3cret")).hasMessageContaining("there is no 'gateway'")
            .hasMessageNotContaining("s3cret");
        assertThatThrownBy(() -> of("gatewayPasword", "s3cret")).hasMessageContaining("did you mean 'gatewayPassword'?")
            .hasMessageNotContaining("s3cret");
    }

    @Test
    void userWithoutPasswordShouldBeRefused() {
        assertThatThrownBy(() -> of("gateway", "relay.example.org", "gatewayUsername", "james"))
            .hasMessageContaining("gatewayUsername and gatewayPassword, both or neither");
    }

    @Test
    void propertiesOfJakartaMailShouldWinOverTheParameterTheyStandFor() throws MessagingException {
        DeliveryConfiguration read = of("heloName", "a.example.org", "mail.smtp.localhost", "b.example.org", "mail.smtp.timeout", "7000",
            "mail.smtps.connectiontimeout", "8000", "mail.smtp.localaddress", "::1", "mail.debug", "true",
            "mail.smtp.starttls.enable", "true");

        assertThat(read.heloName()).contains("b.example.org");
        assertThat(read.readTimeout()).isEqualTo(Duration.ofSeconds(7));
        assertThat(read.connectTimeout()).isEqualTo(Duration.ofSeconds(8));
        assertThat(read.bind()).contains("::1");
    }

    private static DeliveryConfiguration of(String... namesAndValues) throws MessagingException {
        FakeMailetConfig.Builder config = FakeMailetConfig.builder().mailetName("SecureRemoteDelivery");
        for (int i = 0; i < namesAndValues.length; i += 2) {
            config.setProperty(namesAndValues[i], namesAndValues[i + 1]);
        }
        return DeliveryConfiguration.of(config.build());
    }
}
