package jamestls.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.mail.MessagingException;
import java.time.Duration;
import org.apache.mailet.base.test.FakeMailetConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParametersTest {

    @Test
    void defaultsShouldBeThoseOfStockDelivery() throws MessagingException {
        DeliveryConfiguration configuration = DeliveryConfiguration.of(with("outgoing", "outgoing"));

        assertThat(configuration.maxRetries()).isEqualTo(5);
        assertThat(configuration.readTimeout()).isEqualTo(Duration.ofMinutes(3));
        assertThat(configuration.connectTimeout()).isEqualTo(Duration.ofMinutes(1));
        assertThat(configuration.smtpPort()).isEqualTo(25);
        assertThat(configuration.reachable()).isEqualTo(DeliveryConfiguration.Reachable.PUBLIC_ADDRESSES_ONLY);
    }

    @Test
    void policiesShouldBeKeptInAFileUnlessSaidOtherwise() throws MessagingException {
        assertThat(DeliveryConfiguration.of(with("outgoing", "outgoing")).policyStorage())
            .isEqualTo(new PolicyStorage("file://var/jamestls.sqlite", "", "", Duration.ofDays(30)));
        assertThat(DeliveryConfiguration.of(with("policyUnusedAfter", "7")).policyStorage().unusedAfter()).isEqualTo(Duration.ofDays(7));
        assertThat(DeliveryConfiguration.of(with("databasePassword", "secret")).toString()).doesNotContain("secret");
    }

    @ParameterizedTest
    @CsvSource({"maxRetires, maxRetries", "delaytime, delayTime", "boucneProcessor, bounceProcessor", "dnsServer, dnsServers",
        "trustStorePasword, trustStorePassword", "HELONAME, heloName"})
    void unknownParameterShouldNameTheNearestOne(String typed, String meant) {
        assertThatThrownBy(() -> DeliveryConfiguration.of(with(typed, "3")))
            .isInstanceOf(MessagingException.class)
            .hasMessageContaining("unknown parameter '" + typed + "' ")
            .hasMessageContaining("did you mean '" + meant + "'?");
    }

    @Test
    void unknownParameterThatResemblesNothingShouldListWhatThereIs() {
        assertThatThrownBy(() -> DeliveryConfiguration.of(with("flavour", "vanilla")))
            .hasMessageContaining("unknown parameter 'flavour' (value 'vanilla')").hasMessageContaining("Known parameters:")
            .hasMessageContaining("delayTime").hasMessageNotContaining("did you mean");
    }

    @ParameterizedTest
    @CsvSource({"deliveryThreads, write 'deliveries'", "outgoingQueue, write 'outgoing'",
        "connectionTimeout, write 'connectiontimeout'", "mail.smtp.port, write 'smtpPort'", "mail.smtp.ssl.trust, write 'trustStore'",
        "mail.smtp.host, write 'gateway'", "mail.smtp.sasl.realm, Jakarta Mail"})
    void stockParameterWithoutMeaningHereShouldSayWhatToDo(String name, String advice) {
        assertThatThrownBy(() -> DeliveryConfiguration.of(with(name, "1")))
            .hasMessageContaining("'" + name + "' (value '1') is not supported").hasMessageContaining(advice);
    }

    @ParameterizedTest
    @CsvSource({"maxRetries, many, 0 to 10000", "maxRetries, -1, 0 to 10000", "smtpPort, 65536, 1 to 65535",
        "allowPrivateAddresses, yes, true or false", "timeout, soon, a duration", "timeout, 1ms, a duration",
        "deliveries, 0, 1 to 100000"})
    void badValueShouldNameParameterValueAndWhatIsAllowed(String name, String value, String allowed) {
        assertThatThrownBy(() -> DeliveryConfiguration.of(with(name, value)))
            .isInstanceOf(MessagingException.class)
            .hasMessageContaining("'" + name + "'").hasMessageContaining("'" + value + "'").hasMessageContaining(allowed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"90000", "90s", "90 sec", "1500ms"})
    void durationsShouldBeWrittenAsJamesWritesThem(String written) throws MessagingException {
        Duration read = DeliveryConfiguration.of(with("timeout", written)).readTimeout();

        assertThat(read).isIn(Duration.ofSeconds(90), Duration.ofMillis(1500));
    }

    @Test
    void jamesOwnParametersShouldPass() throws MessagingException {
        assertThat(DeliveryConfiguration.of(with("onMailetException", "ignore")).outgoing()).isEqualTo("outgoing");
    }

    private static FakeMailetConfig with(String name, String value) {
        return FakeMailetConfig.builder().mailetName("SecureRemoteDelivery").setProperty(name, value).build();
    }
}
