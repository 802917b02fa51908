package jamestls.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import jamestls.install.Installation.Options;
import jamestls.install.Installation.Received;
import jamestls.install.Installation.Reports;
import jamestls.install.StockConfiguration.Form;
import jamestls.install.StockConfiguration.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The option --report-inbox of install. */
class InboxSectionTest {

    @TempDir
    private Path conf;

    @BeforeEach
    void stock() throws IOException {
        StockConfiguration.write(Server.MEMORY, Form.STOCK, conf);
    }

    private Options options(String address, String... domains) {
        return new Options(conf, new Reports("Example Org", "postmaster@sender.example", null, List.of("admin@sender.example"), null,
            new Received(address, List.of(domains))), null, "3.9.0", null);
    }

    private Plan install(String address, String... domains) throws IOException, Refusal {
        Plan plan = Installation.plan(options(address, domains), Optional.empty());
        if (!plan.isEmpty()) {
            Backup.apply(plan);
        }
        return plan;
    }

    private String container() throws IOException {
        return Files.readString(conf.resolve("mailetcontainer.xml"));
    }

    @Test
    void mailetShouldStandFirstInTransport() throws Exception {
        Plan plan = install("tls-reports@sender.example", "sender.example", "other.example");

        MailetContainer.Mailet first =
            MailetContainer.mailets(MailetContainer.read(conf).processor("transport").orElseThrow()).getFirst();
        assertThat(first.is("TlsReportInbox")).isTrue();
        assertThat(first.element().attribute("match")).isEqualTo("RecipientIs=tls-reports@sender.example");
        assertThat(first.parameter("ownDomains")).contains("sender.example, other.example");
        assertThat(first.parameter("administrators")).contains("admin@sender.example");
        assertThat(plan.afterwards()).anySatisfy(text -> assertThat(text).contains("/users/tls-reports@sender.example",
            "_smtp._tls.other.example. IN TXT \"v=TLSRPTv1; rua=mailto:tls-reports@sender.example\""));
    }

    @Test
    void secondRunShouldChangeNothingAndUninstallShouldTakeItBack() throws Exception {
        String before = container();
        install("tls-reports@sender.example");
        assertThat(container()).contains("<ownDomains>sender.example</ownDomains>");

        assertThat(install("tls-reports@sender.example").isEmpty()).isTrue();
        Backup.applyRevert(Backup.revert(conf));
        assertThat(container()).isEqualTo(before);
    }

    @Test
    void inboxShouldBeAddedToAServerThatIsInstalledAlready() throws Exception {
        install(null);
        assertThat(container()).doesNotContain("TlsReportInbox");

        install("tls-reports@sender.example");
        assertThat(container().indexOf("TlsReportInbox")).isPositive().isLessThan(container().indexOf("tlsrpt.TlsReporting"));
    }

    @Test
    void wrongOptionsShouldBeRefused() {
        assertThat(catchThrowableOfType(Refusal.class, () -> install("nobody"))).hasMessageContaining("is no mail address");
        assertThat(catchThrowableOfType(Refusal.class, () -> install("a@sender.example", "x y"))).hasMessageContaining("is no domain");
        assertThat(catchThrowableOfType(Refusal.class, () -> install(null, "sender.example"))).hasMessageContaining("--own-domain");
    }
}
