package jamestls.mtasts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.config.ConfigurationException;
import jamestls.config.Parameters;
import jamestls.dns.AddressGuard;
import jamestls.mtasts.dane.DaneScope;
import jamestls.mtasts.delivery.DeliveryMetrics;
import jamestls.mtasts.delivery.Gateways;
import jamestls.mtasts.delivery.Gateways.Order;
import jamestls.mtasts.delivery.Gateways.Verification;
import jamestls.mtasts.delivery.QueuePriority;
import jamestls.mtasts.policy.Rule;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpConnector.TlsUse;
import jamestls.smtp.SmtpCredentials;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Parameters of SecureRemoteDelivery: each name of stock RemoteDelivery 3.9.0 means the same here, or the message says what to write. */
class OutboundSettingsTest {

    @Test
    void defaultsShouldBeThoseOfStockDelivery() throws ConfigurationException {
        OutboundSettings settings = of();

        assertThat(settings.delivery().queue()).isEqualTo("outgoing");
        assertThat(settings.delivery().retries().schedule().retries()).isEqualTo(5);
        assertThat(settings.smtp().limit(Phase.MAIL)).isEqualTo(Duration.ofMinutes(3));
        assertThat(settings.smtp().limit(Phase.CONNECT)).isEqualTo(Duration.ofMinutes(1));
        assertThat(settings.smtp().heloName()).isEqualTo("sender.example");
        assertThat(settings.delivery().smtpPort()).isEqualTo(25);
        assertThat(settings.https().guard()).isEqualTo(AddressGuard.publicOnly());
        assertThat(settings.sts().database()).contains(new DatabaseAddress.SqliteFile(Path.of("/james/var/jamestls.sqlite")));
        assertThat(settings.sts().unusedAfter()).isEqualTo(Duration.ofDays(30));
        assertThat(of("policyUnusedAfter", "7").sts().unusedAfter()).isEqualTo(Duration.ofDays(7));
    }

    @Test
    void everythingStockReadsForMxHostsShouldBeRead() throws Exception {
        OutboundSettings read = of("outgoing", "out", "delayTime", "2*10m", "maxRetries", "7", "maxDnsProblemRetries", "3",
            "timeout", "60000", "connectiontimeout", "5000", "sendpartial", "true", "bounceProcessor", "bounces", "onSuccess", "sent",
            "bind", "127.0.0.1", "heloName", "mail.example.org", "usePriority", "TRUE", "debug", "true", "startTLS", "true",
            "sslEnable", "false", "verifyServerIdentity", "false", "sslTrustAllCerts", "false", "loadBalancing", "true");

        assertThat(read.delivery().queue()).isEqualTo("out");
        assertThat(read.delivery().retries().schedule().delays()).containsExactly(Duration.ofMinutes(10), Duration.ofMinutes(10));
        assertThat(read.delivery().retries().schedule().retries()).isEqualTo(7);
        assertThat(read.delivery().retries().schedule().priority()).isEqualTo(QueuePriority.RETRIES_LAST);
        assertThat(read.delivery().retries().missingDomain()).isEqualTo(3);
        assertThat(read.smtp().limit(Phase.MAIL)).isEqualTo(Duration.ofMinutes(1));
        assertThat(read.smtp().limit(Phase.CONNECT)).isEqualTo(Duration.ofSeconds(5));
        assertThat(read.smtp().bindAddresses()).contains(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
        assertThat(read.smtp().heloName()).isEqualTo("mail.example.org");
        assertThat(read.delivery().processors().bounce()).contains("bounces");
        assertThat(read.delivery().processors().success()).contains("sent");
        assertThat(read.delivery().gateways()).isEmpty();
    }

    @Test
    void proxyShouldBeAskedForAddressesUnlessToldOtherwise() throws ConfigurationException {
        assertThat(of("policyProxy", "proxy.example:3128").https().isResolvedByProxy()).isFalse();
        assertThat(of("policyProxy", "proxy.example:3128", "policyProxyConnect", "name").https().isResolvedByProxy()).isTrue();
        assertThatThrownBy(() -> of("policyProxyConnect", "name")).hasMessageContaining("there is no 'policyProxy'");
    }

    @Test
    void bindShouldKnowOneAddressForEachFamily() throws Exception {
        assertThat(of().smtp().bindAddresses()).isEmpty();
        assertThat(of("bind", "127.0.0.2").smtp().bindAddresses()).containsExactly(InetAddress.getByName("127.0.0.2"));
        assertThat(of("bind", "::1 ,127.0.0.2").smtp().bindAddresses())
            .containsExactly(InetAddress.getByName("::1"), InetAddress.getByName("127.0.0.2"));
    }

    @Test
    void gatewayWithPasswordShouldBeVerifiedUnlessToldOtherwise() throws ConfigurationException {
        Gateways usual = gateways("gateway", "relay.example.org", "gatewayUsername", "james", "gatewayPassword", "secret");
        assertThat(usual.toString()).isEqualTo("relay.example.org:25");
        assertThat(usual.order()).isEqualTo(Order.SHUFFLED);
        assertThat(usual.tls()).isEqualTo(TlsUse.IF_OFFERED);
        assertThat(usual.verification()).isEqualTo(Verification.DEMANDED);
        assertThat(usual.login()).contains(new SmtpCredentials("james", "secret", SmtpCredentials.ClearText.REFUSED));

        assertThat(gateways("gateway", "relay.example.org", "gatewayUsername", "james", "gatewayPassword", "secret",
            "verifyServerIdentity", "false").verification()).isEqualTo(Verification.NOT_DEMANDED);
        Gateways clear = gateways("gateway", "relay.example.org", "gatewayusername", "james", "gatewayPassword", "secret",
            "gatewayAuthInClear", "true");
        assertThat(clear.verification()).isEqualTo(Verification.NOT_DEMANDED);
        assertThat(clear.login()).contains(new SmtpCredentials("james", "secret", SmtpCredentials.ClearText.ALLOWED));
    }

    @Test
    void tokenFileShouldTakeThePlaceOfThePassword() throws ConfigurationException {
        Gateways usual = gateways("gateway", "relay.example.org", "gatewayUsername", "james", "gatewayTokenFile", "file://conf/not-yet");
        assertThat(usual.verification()).isEqualTo(Verification.DEMANDED);
        assertThat(usual.login()).hasValueSatisfying(login ->
            assertThat(login.secret()).isInstanceOf(SmtpCredentials.TokenFile.class));

        assertThatThrownBy(() -> of("gateway", "relay.example.org", "gatewayUsername", "james", "gatewayPassword", "s3cret",
            "gatewayTokenFile", "file://conf/not-yet")).hasMessageContaining("one of the two").hasMessageNotContaining("s3cret");
        assertThatThrownBy(() -> of("gateway", "relay.example.org", "gatewayTokenFile", "file://conf/not-yet"))
            .hasMessageContaining("'gatewayUsername'").hasMessageContaining("gatewayUsername and gatewayTokenFile");
        assertThatThrownBy(() -> of("gateway", "relay.example.org", "gatewayUsername", "james", "gatewayTokenFile", "file://conf/not-yet",
            "gatewayAuthInClear", "true")).hasMessageContaining("a token is sent over TLS only");
        assertThatThrownBy(() -> of("gatewayTokenFile", "file://conf/not-yet", "gatewayUsername", "james"))
            .hasMessageContaining("there is no 'gateway'");
        assertThatThrownBy(() -> of("gateway", "relay.example.org", "gatewayUsername", "james", "gatewayTokenFile", "eyJ0eXAi.a.token"))
            .hasMessageContaining("it is not a file URL").hasMessageNotContaining("eyJ0eXAi");
    }

    @Test
    void sslEnableShouldMeanPort465AndVerifiedTls() throws ConfigurationException {
        Gateways tls = gateways("gateway", "a.example, b.example:1465", "sslEnable", "true", "loadBalancing", "false");
        assertThat(tls.toString()).isEqualTo("a.example:465, b.example:1465");
        assertThat(tls.tls()).isEqualTo(TlsUse.IMPLICIT);
        assertThat(tls.verification()).isEqualTo(Verification.DEMANDED);
        assertThat(tls.order()).isEqualTo(Order.AS_LISTED);

        Gateways other = gateways("gateway", "a.example", "gatewayPort", "587");
        assertThat(other.toString()).isEqualTo("a.example:587");
        assertThat(other.verification()).isEqualTo(Verification.NOT_DEMANDED);
    }

    @Test
    void mandatoryDaneShouldNameGatewaysWhereThereAreSome() throws ConfigurationException {
        assertThat(of("gateway", "a.example, b.example:587", "mandatoryDane", "b.example").rules().rules())
            .extracting(Rule::toString).containsExactly("b.example dane-only");
        assertThatThrownBy(() -> of("gateway", "a.example", "mandatoryDane", "a.example, recipient.example"))
            .hasMessageContainingAll("'mandatoryDane'", "names of the gateways", "'recipient.example' is none of them");
        assertThatThrownBy(() -> of("gateway", "a.example", "mandatoryDane", "a.example", "verifyServerIdentity", "true"))
            .hasMessageContainingAll("'mandatoryDane'", "nothing beside verifyServerIdentity");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "startTLS | false | STARTTLS is used wherever a server offers it",
        "sslEnable | true | TLS from the first byte is for a gateway",
        "verifyServerIdentity | true | the policy of the recipient domain decides",
        "sslTrustAllCerts | true | verifyServerIdentity=false",
        "gatewayPort | 25 | there is no 'gateway'",
        "gatewayUsername | james | gatewayUsername and gatewayPassword, both or neither",
        "gateway | 5 minutes | is not host[:port]",
        "sendpartial | perhaps | true, false",
        "maxDnsProblemRetries | -1 | 0 to 10000",
        "maxRetries | many | 0 to 10000",
        "smtpPort | 65536 | 1 to 65535",
        "timeout | 1ms | a duration",
        "deliveries | 0 | 1 to 100000",
        "delayTime | x | [attempts*]delay[unit]",
        "bind | x | addresses of this machine in figures, one for each family, such as '192.0.2.1' or '192.0.2.1, 2001:db8::1'; 'x' is no",
        "bind | 127.0.0.1, | is no address",
        "bind | 127.0.0.1, 127.0.0.2 | both are of one family",
        "bind | 192.0.2.1 | 192.0.2.1 can't be bound",
        "trustAnchors | file://conf/x | a file of DS or DNSKEY records in zone format",
        "trustStore | file://conf/x | a PKCS#12 or JKS key store that trustStorePassword opens",
        "heloName | two words | this host's full name",
        "dnsServers | ns.example | is not an IP address",
        "dnssec | perhaps | validate, trust-ad, off",
        "dnssec | trust-ad | needs resolvers on this machine",
        "dane | perhaps | on, off",
        "mandatoryDane | not a name | domain names separated by commas",
        "enforcement | off | on, or 'observe until=' with a date at most 90 days ahead",
        "enforcement | observe | with a date at most 90 days ahead",
        "enforcement | observe until=2999-01-01 | at most 90 days ahead",
        "database | var/x.sqlite | a file such as 'file://var/jamestls.sqlite'",
        "policyFetchTimeout | 2m | a duration from 1s to 60s"})
    void whatCannotMeanTheSameShouldSayWhatToWrite(String name, String value, String advice) {
        assertThatThrownBy(() -> of(name, value)).isInstanceOf(ConfigurationException.class)
            .hasMessageContainingAll("SecureRemoteDelivery: ", "'" + name + "'", "'" + value + "'", advice);
    }

    @ParameterizedTest
    @CsvSource({"deliveryThreads, write 'deliveries'", "outgoingQueue, write 'outgoing'",
        "connectionTimeout, write 'connectiontimeout'", "mail.smtp.port, write 'smtpPort'", "mail.smtp.ssl.trust, write 'trustStore'",
        "mail.smtp.host, write 'gateway'", "mail.smtp.sasl.realm, Jakarta Mail"})
    void stockParameterWithoutMeaningHereShouldSayWhatToDo(String name, String advice) {
        assertThatThrownBy(() -> of(name, "1"))
            .hasMessageContaining("'" + name + "' (value '1') is not supported").hasMessageContaining(advice);
    }

    @Test
    void bothMistakesOfTheSampleConfigurationShouldBeSaidAtOnce() {
        assertThatThrownBy(() -> of("outgoingQueue", "outgoing", "deliveryThreads", "10"))
            .hasMessageContainingAll("2 mistakes", "write 'outgoing'", "write 'deliveries'");
    }

    @Test
    void passwordShouldNotBeShown() {
        assertThatThrownBy(() -> of("gatewayPassword", "s3cret", "gatewayUsername", "james"))
            .hasMessageContaining("there is no 'gateway'").hasMessageNotContaining("s3cret");
        assertThatThrownBy(() -> of("gatewayPasword", "s3cret")).hasMessageContaining("did you mean 'gatewayPassword'?")
            .hasMessageNotContaining("s3cret");
    }

    @Test
    void userWithoutPasswordShouldBeRefused() {
        assertThatThrownBy(() -> of("gateway", "relay.example.org", "gatewayUsername", "james"))
            .hasMessageContaining("gatewayUsername and gatewayPassword, both or neither");
        assertThatThrownBy(() -> of("gateway", "192.0.2.1", "gatewayUsername", "james", "gatewayPassword", "secret"))
            .hasMessageContaining("the certificate of a bare address can't be verified");
    }

    @Test
    void propertiesOfJakartaMailShouldWinOverTheParameterTheyStandFor() throws Exception {
        OutboundSettings read = of("heloName", "a.example.org", "mail.smtp.localhost", "b.example.org", "mail.smtp.timeout", "7000",
            "mail.smtps.connectiontimeout", "8000", "mail.smtp.localaddress", "127.0.0.2", "mail.debug", "true",
            "mail.smtp.starttls.enable", "true");

        assertThat(read.smtp().heloName()).isEqualTo("b.example.org");
        assertThat(read.smtp().limit(Phase.MAIL)).isEqualTo(Duration.ofSeconds(7));
        assertThat(read.smtp().limit(Phase.CONNECT)).isEqualTo(Duration.ofSeconds(8));
        assertThat(read.smtp().bindAddresses()).contains(InetAddress.getByAddress(new byte[] {127, 0, 0, 2}));
    }

    @Test
    void longerListOfDelaysShouldBeWarnedOf() throws ConfigurationException {
        Parameters longer = parameters("delayTime", "5m, 3*1h", "maxRetries", "0");
        assertThat(OutboundSettings.of(longer, new Surroundings()).delivery().retries().schedule().retries()).isEqualTo(4);
        assertThat(longer.warnings()).singleElement().asString()
            .contains("'delayTime' has 4 waits", "0 of 'maxRetries'", "retried 4 times");

        Parameters fitting = parameters("delayTime", "5m, 3*1h", "maxRetries", "4");
        OutboundSettings.of(fitting, new Surroundings());
        assertThat(fitting.warnings()).isEmpty();
    }

    @Test
    void everyMistakeInTheRulesShouldBeToldAtOnceWithLineAndColumn() {
        assertThatThrownBy(() -> of("mandatoryDane", "c.example", "tlsPolicies", "a.example secuer\n* encrypt\nb.example rate=x\n"
            + "c.example may\nd.example secure", "smtpPort", "0"))
            .hasMessageContainingAll("5 mistakes", "'smtpPort'", "'tlsPolicies', line 1, column 11: 'secuer'", "did you mean 'secure'?",
                "line 3, column 16: 'x' is no rate", "line 4, column 1: the rule for 'c.example' is never reached",
                "line 5, column 1: the rule for 'd.example' is never reached: the one for '*' in line 2");
    }

    @Test
    void ruleThatHasEndedShouldBeWarnedOfOnceAndNeverStopAStart() throws ConfigurationException {
        Parameters parameters = parameters("tlsPolicies", "a.example may until=2026-01-01 reason=\"ticket 1\"", "enforcement",
            "observe until=2026-01-01");
        OutboundSettings.of(parameters, new Surroundings());

        assertThat(parameters.warnings()).hasSize(2);
        assertThat(parameters.warnings().getFirst()).contains("a.example ended at 2026-01-02T00:00:00Z and is ignored");
        assertThat(parameters.warnings().getLast()).contains("observing ended at 2026-01-02T00:00:00Z, and policies are enforced");
    }

    @Test
    void chunkingShouldBeIgnoredWithAWarning() throws ConfigurationException {
        Parameters parameters = parameters("chunking", "true");
        OutboundSettings.of(parameters, new Surroundings());

        assertThat(parameters.warnings()).singleElement().asString().contains("'chunking' is ignored");
    }

    private static Gateways gateways(String... namesAndValues) throws ConfigurationException {
        return of(namesAndValues).delivery().gateways().orElseThrow();
    }

    private static OutboundSettings of(String... namesAndValues) throws ConfigurationException {
        return OutboundSettings.of(parameters(namesAndValues), new Surroundings());
    }

    @Test
    void daneShouldBeUsedWhereTheParametersSay() {
        assertThat(DaneScope.of(parameters())).isEqualTo(DaneScope.ANY_MX);
        assertThat(DaneScope.of(parameters("insecureMx", "ignore"))).isEqualTo(DaneScope.SECURE_MX);
        assertThat(DaneScope.of(parameters("dane", "off"))).isEqualTo(DaneScope.OFF);
    }

    @Test
    void mandatoryDaneShouldBeAListOfDomains() throws ConfigurationException {
        assertThat(of("mandatoryDane", "a.example, b.example").rules().rules()).extracting(Rule::toString)
            .containsExactly("a.example dane-only", "b.example dane-only");
        assertThatThrownBy(() -> of("mandatoryDane", "a.example, b..example")).hasMessageContaining("'b..example' is none");
    }

    static Parameters parameters(String... namesAndValues) {
        Map<String, String> written = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            written.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return new Parameters(SecureRemoteDelivery.NAME, written, new StockNames(), new Surroundings());
    }

    /** A server that asks 192.0.2.53 and is called sender.example. */
    static final class Surroundings implements Services {

        @Override
        public List<InetSocketAddress> dnsServers() {
            return List.of(new InetSocketAddress("192.0.2.53", 53));
        }

        @Override
        public String heloName() {
            return "sender.example";
        }

        @Override
        public Optional<Database> open(DatabaseAddress address, Clock clock) {
            return Optional.empty();
        }

        @Override
        public DeliveryMetrics metrics() {
            return DeliveryMetrics.none();
        }

        @Override
        public void gauge(String name, Supplier<? extends Number> value) {
            // nobody asks
        }

        @Override
        public Path locate(String location) {
            return Path.of("/james").resolve(location.replaceFirst("^file://", ""));
        }
    }
}
