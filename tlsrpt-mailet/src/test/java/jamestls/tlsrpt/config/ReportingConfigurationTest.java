package jamestls.tlsrpt.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.mail.MessagingException;
import jamestls.dns.DomainName;
import jamestls.tlsrpt.report.Reporter;
import jamestls.tlsrpt.report.Reporters;
import java.time.Duration;
import org.apache.mailet.base.test.FakeMailetConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReportingConfigurationTest {

    @Test
    void requiredParametersShouldBeEnough() throws MessagingException {
        ReportingConfiguration configuration = ReportingConfiguration.of(with());

        assertThat(configuration.reporter().submitter()).hasToString("sender.example");
        assertThat(configuration.reporter().from()).isEqualTo("tlsrpt@sender.example");
        assertThat(configuration.processor()).isEqualTo("tlsreport");
        assertThat(configuration.administrators()).isEmpty();
        assertThat(configuration.dnsServers()).isEmpty();
        assertThat(configuration.schedule().grace()).isEqualTo(Duration.ofMinutes(5));
        assertThat(configuration.schedule().window()).isEqualTo(Duration.ofHours(4));
        assertThat(configuration.storage()).isEqualTo(new ReportStorage("file://var/tlsreports.sqlite", "", "", 14));
    }

    @Test
    void everyParameterShouldBeRead() throws MessagingException {
        ReportingConfiguration configuration = ReportingConfiguration.of(with("from", "noreply@Sender.Example", "processor", "Signed",
            "administrators", "Admin@sender.example, second ,", "dnsServers", "127.0.0.1:5353, 9.9.9.9", "grace", "30s", "window", "0s",
            "database", "jdbc:postgresql://db/james?ssl=true", "databaseUser", "james", "databasePassword", "secret",
            "retention", "30 days", "onMailetException", "ignore"));

        assertThat(configuration.reporter().from()).isEqualTo("noreply@sender.example");
        assertThat(configuration.processor()).isEqualTo("signed");
        assertThat(configuration.administrators()).containsExactlyInAnyOrder("admin@sender.example", "second");
        assertThat(configuration.dnsServers()).contains("127.0.0.1:5353, 9.9.9.9");
        assertThat(configuration.schedule().grace()).isEqualTo(Duration.ofSeconds(30));
        assertThat(configuration.schedule().window()).isZero();
        assertThat(configuration.storage()).isEqualTo(new ReportStorage("jdbc:postgresql://db/james?ssl=true", "james", "secret", 30));
        assertThat(configuration.toString()).doesNotContain("secret");
    }

    @Test
    void identitiesShouldBeReadLineByLine() throws MessagingException {
        Reporters reporters = ReportingConfiguration.of(with("identities", """

              example.net, Example.COM ; Example Net Ltd; tls@example.net; noreply@Example.NET
              example.org; Example Org; tls@example.org
            """)).reporters();

        assertThat(reporters.bySender()).containsOnlyKeys(DomainName.of("example.net"), DomainName.of("example.com"),
            DomainName.of("example.org"));
        assertThat(reporters.bySender().get(DomainName.of("example.com")))
            .isEqualTo(new Reporter("Example Net Ltd", "tls@example.net", "noreply@example.net"));
        assertThat(reporters.bySender().get(DomainName.of("example.org")).from()).isEqualTo("tls@example.org");
        assertThat(reporters.all()).hasSize(3).first().isEqualTo(reporters.usual());
    }

    @ParameterizedTest
    @ValueSource(strings = {"example.net", "example.net; Example", "example.net; ; tls@example.net", "; Example; tls@example.net",
        "example.net; Example; nobody", "example.net; Example; tls@example.net; noreply@elsewhere.example", "a b; Example; tls@example.net",
        "example.net; Example; tls@example.net; a@example.net; more", "example.net; Example; tls@sender.example",
        "example.net; Example; tls@example.net\nexample.com; Other; tls2@example.net",
        "example.net; Example; tls@example.net\nexample.net; Other; tls@example.com"})
    void identityThatIsNoneShouldStopTheServer(String identities) {
        assertThatThrownBy(() -> ReportingConfiguration.of(with("identities", identities)))
            .isInstanceOf(MessagingException.class).hasMessageContaining("'identities'");
    }

    @ParameterizedTest
    @CsvSource({"organisation, organization", "Contact, contact", "dnsserver, dnsServers", "administrator, administrators"})
    void unknownParameterShouldBeRefusedWithTheNearestName(String wrong, String meant) {
        assertThatThrownBy(() -> ReportingConfiguration.of(with(wrong, "the value")))
            .isInstanceOf(MessagingException.class)
            .hasMessageContainingAll("'" + wrong + "'", "did you mean '" + meant + "'?");
    }

    @Test
    void parameterLikeNoOtherShouldBeRefusedWithAllNames() {
        assertThatThrownBy(() -> ReportingConfiguration.of(with("xyzzy", "1")))
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
        "window | -1s | a duration from 0s to 43200s"
    })
    void invalidValueShouldBeNamedWithWhatIsAllowed(String name, String value, String allowed) {
        assertThatThrownBy(() -> ReportingConfiguration.of(with(name, value)))
            .isInstanceOf(MessagingException.class).hasMessageContainingAll("'" + name + "'", "'" + value + "'", allowed);
    }

    @ParameterizedTest
    @CsvSource({"organization", "contact"})
    void missingParameterShouldBeNamed(String name) {
        assertThatThrownBy(() -> ReportingConfiguration.of(with(name, "  "))).hasMessageContaining("parameter '" + name + "' is required");
    }

    private static FakeMailetConfig with(String... more) {
        FakeMailetConfig.Builder parameters = FakeMailetConfig.builder().mailetName("TlsReporting")
            .setProperty("organization", "Sender Example").setProperty("contact", "tlsrpt@sender.example");
        for (int i = 0; i < more.length; i += 2) {
            parameters.setProperty(more[i], more[i + 1]);
        }
        return parameters.build();
    }
}
