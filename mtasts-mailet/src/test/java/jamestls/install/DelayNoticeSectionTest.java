package jamestls.install;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.install.StockConfiguration.Form;
import jamestls.install.StockConfiguration.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DelayNoticeSectionTest {

    @TempDir
    private Path conf;

    @BeforeEach
    void stock() throws IOException {
        StockConfiguration.write(Server.MEMORY, Form.STOCK, conf);
    }

    @Test
    void deliveryShouldTellSendersOfDelaysByDsnBounce() throws Exception {
        install();

        assertThat(container()).containsOnlyOnce("<delayProcessor>delays</delayProcessor>")
            .containsIgnoringWhitespaces("<processor state=\"delays\" enableJmx=\"true\"><mailet match=\"All\" class=\"DSNBounce\">",
                "<action>delayed</action><defaultStatus>4.7.0</defaultStatus><attachment>heads</attachment>");
        assertThat(install().isEmpty()).as("what is there stays").isTrue();
    }

    @Test
    void deliveryInAnEmptyTagShouldGetNameAndProcessor() throws Exception {
        edit("(?s)<mailet match=\"All\" class=\"RemoteDelivery\">.*?</mailet>", "<mailet match=\"All\" class=\"RemoteDelivery\"/>");

        Backup.apply(Installation.plan(InstallationTest.options(conf, "mail.sender.example"), Optional.empty()));

        assertThat(container()).containsIgnoringWhitespaces("<mailet match=\"All\" class=\"jamestls.mtasts.SecureRemoteDelivery\">"
            + "<heloName>mail.sender.example</heloName><delayProcessor>delays</delayProcessor></mailet>");
    }

    @Test
    void processorThatMakesNoNoticesShouldNotBeTakenForOne() throws Exception {
        edit("</processors>", "<processor state=\"delays\"><mailet match=\"All\" class=\"Null\"/></processor></processors>");

        assertThat(install().steps()).anyMatch(step -> step.contains("notices of delay will be plain text"));
        assertThat(container()).doesNotContain("delayProcessor");
    }

    private void edit(String what, String by) throws IOException {
        Files.writeString(conf.resolve("mailetcontainer.xml"), container().replaceFirst(what, by));
    }

    private Plan install() throws IOException, Refusal {
        Plan plan = Installation.plan(InstallationTest.options(conf, null), Optional.empty());
        if (!plan.isEmpty()) {
            Backup.apply(plan);
        }
        return plan;
    }

    private String container() throws IOException {
        return Files.readString(conf.resolve("mailetcontainer.xml"));
    }
}
