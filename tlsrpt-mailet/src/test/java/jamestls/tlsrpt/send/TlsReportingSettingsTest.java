package jamestls.tlsrpt.send;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.config.ConfigurationException;
import jamestls.config.DocumentedParameters;
import jamestls.config.Parameters;
import jamestls.dns.DomainName;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.report.Reporters;
import jamestls.tlsrpt.store.Stores;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TlsReportingSettingsTest {

    private static final InetSocketAddress USUAL = new InetSocketAddress("192.0.2.53", 53);
    private static final Parameters.FileLocator LOCATOR = location -> Path.of("/james").resolve(location.replaceFirst("^file://", ""));

    @Test
    void requiredParametersShouldBeEnough() throws ConfigurationException {
        TlsReportingSettings settings = of(with());

        assertThat(settings.reporters().defaultReporter().submitter()).hasToString("sender.example");
        assertThat(settings.reporters().defaultReporter().from()).isEqualTo("tlsrpt@sender.example");
        assertThat(settings.processor()).isEqualTo("tlsreport");
        assertThat(settings.administrators()).isEmpty();
        assertThat(settings.dnsServers()).containsExactly(USUAL);
        assertThat(settings.schedule().grace()).isEqualTo(Duration.ofMinutes(5));
        assertThat(settings.schedule().window()).isEqualTo(Duration.ofHours(4));
        assertThat(settings.store()).isEqualTo(new Stores.Settings(
            Optional.of(new DatabaseAddress.SqliteFile(Path.of("/james/var/tlsreports.sqlite"))), 14));
    }

    @Test
    void everyParameterShouldBeRead() throws ConfigurationException {
        TlsReportingSettings settings = of(with("from", "noreply@Sender.Example", "processor", "Signed",
            "administrators", "Admin@sender.example, second ,", "dnsServers", "127.0.0.1:5353, 9.9.9.9", "grace", "30s", "window", "0s",
            "database", "jdbc:postgresql://db/james?ssl=true", "databaseUser", "james", "databasePassword", "secret",
            "retention", "30 days", "onMailetException", "ignore"));

        assertThat(settings.reporters().defaultReporter().from()).isEqualTo("noreply@sender.example");
        assertThat(settings.processor()).isEqualTo("signed");
        assertThat(settings.administrators()).containsExactlyInAnyOrder("admin@sender.example", "second");
        assertThat(settings.dnsServers()).containsExactly(new InetSocketAddress("127.0.0.1", 5353), new InetSocketAddress("9.9.9.9", 53));
        assertThat(settings.schedule().grace()).isEqualTo(Duration.ofSeconds(30));
        assertThat(settings.schedule().window()).isZero();
        assertThat(settings.store()).isEqualTo(new Stores.Settings(
            Optional.of(new DatabaseAddress.PostgreSql("jdbc:postgresql://db/james?ssl=true", "james", "secret")), 30));
        assertThat(settings.toString()).doesNotContain("secret");
    }

    @Test
    void identitiesShouldBeReadLineByLine() throws ConfigurationException {
        Reporters reporters = of(with("identities", """

              example.net, Example.COM ; Example Net Ltd; tls@example.net; noreply@Example.NET
              example.org; Example Org; tls@example.org
            """)).reporters();

        assertThat(reporters.bySender()).containsOnlyKeys(DomainName.of("example.net"), DomainName.of("example.com"),
            DomainName.of("example.org"));
        assertThat(reporters.bySender().get(DomainName.of("example.com")))
            .isEqualTo(new Reporters.Reporter("Example Net Ltd", "tls@example.net", "noreply@example.net"));
        assertThat(reporters.bySender().get(DomainName.of("example.org")).from()).isEqualTo("tls@example.org");
        assertThat(reporters.all()).hasSize(3).first().isEqualTo(reporters.defaultReporter());
    }

    @ParameterizedTest
    @ValueSource(strings = {"example.net", "example.net; Example", "example.net; ; tls@example.net", "; Example; tls@example.net",
        "example.net; Example; nobody", "example.net; Example; tls@example.net; noreply@elsewhere.example", "a b; Example; tls@example.net",
        "example.net; Example; tls@example.net; a@example.net; more", "example.net; Example; tls@sender.example",
        "example.net; Example; tls@example.net\nexample.com; Other; tls2@example.net",
        "example.net; Example; tls@example.net\nexample.net; Other; tls@example.com"})
    void invalidIdentityShouldBeRefused(String identities) {
        assertThatThrownBy(() -> of(with("identities", identities)))
            .isInstanceOf(ConfigurationException.class).hasMessageContaining("'identities'");
    }

    @ParameterizedTest
    @CsvSource({"organisation, organization", "Contact, contact", "dnsserver, dnsServers", "administrator, administrators"})
    void unknownParameterShouldBeRefusedWithTheNearestName(String wrong, String meant) {
        assertThatThrownBy(() -> of(with(wrong, "the value")))
            .isInstanceOf(ConfigurationException.class)
            .hasMessageContainingAll("'" + wrong + "'", "did you mean '" + meant + "'?");
    }

    @Test
    void unknownParameterWithoutANearNameShouldBeRefusedWithAllNames() {
        assertThatThrownBy(() -> of(with("xyzzy", "1")))
            .hasMessageContainingAll("'xyzzy'", "administrators, allowPrivateAddresses, bcc, certificateErrors, contact, database");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "contact | https://sender.example/ | a mail address",
        "contact | a@b@c | a mail address",
        "from | reports@other.example | an address in the contact's domain 'sender.example'",
        "processor | two words | the name of a processor",
        "grace | soon | a duration from 0s to 43200s",
        "grace | 13h | a duration from 0s to 43200s",
        "retention | 2d | days from 3 to 366",
        "retention | a week | days from 3 to 366",
        "window | -1s | a duration from 0s to 43200s",
        "administrators | nonsense! | users of this server",
        "administrators | a@b@c.example | users of this server",
        "certificateErrors | perhaps | log, refuse"
    })
    void invalidValueShouldBeNamedWithWhatIsAllowed(String name, String value, String allowed) {
        assertThatThrownBy(() -> of(with(name, value)))
            .isInstanceOf(ConfigurationException.class).hasMessageContainingAll("'" + name + "'", "'" + value + "'", allowed);
    }

    @Test
    void proxyThatLooksHostsUpShouldNeedGoodCertificates() throws ConfigurationException {
        assertThatThrownBy(() -> of(with("policyProxy", "proxy.example:3128", "policyProxyConnect", "name")))
            .hasMessageContainingAll("'policyProxyConnect'", "only with 'certificateErrors' refuse");

        assertThat(of(with("policyProxy", "proxy.example:3128", "policyProxyConnect", "name", "certificateErrors", "refuse"))
            .destinations().https().isResolvedByProxy()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"organization", "contact"})
    void missingParameterShouldBeNamed(String name) {
        assertThatThrownBy(() -> of(with(name, "  "))).hasMessageContaining("parameter '" + name + "' is required");
    }

    @Test
    void everyMistakeShouldBeNamedAtOnce() {
        Parameters parameters = new Parameters("TlsReporting", Map.of("organisation", "Sender", "grace", "soon"),
            Parameters.ForeignNames.NONE, LOCATOR);

        assertThatThrownBy(() -> TlsReportingSettings.of(parameters, List.of(USUAL))).hasMessageContainingAll("4 mistakes",
            "'organization' is required", "'contact' is required", "'grace' has the value 'soon'", "did you mean 'organization'?");
    }

    @Test
    void everyParameterShouldBeDocumentedWithItsDefault() throws IOException, ConfigurationException {
        Parameters parameters = with();
        of(parameters);

        assertThat(DocumentedParameters.of("TlsReporting")).isEqualTo(DocumentedParameters.of(parameters));
    }

    private static TlsReportingSettings of(Parameters parameters) throws ConfigurationException {
        return TlsReportingSettings.of(parameters, List.of(USUAL));
    }

    private static Parameters with(String... more) {
        Map<String, String> values = new LinkedHashMap<>(Map.of("organization", "Sender Example", "contact", "tlsrpt@sender.example"));
        for (int i = 0; i < more.length; i += 2) {
            values.put(more[i], more[i + 1]);
        }
        return new Parameters("TlsReporting", values, Parameters.ForeignNames.NONE, LOCATOR);
    }
}
