package jamestls.mtasts.cli;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.install.StockConfiguration;
import jamestls.install.StockConfiguration.Form;
import jamestls.install.StockConfiguration.Server;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock("System.in")
class InstallTest {

    @TempDir
    private Path conf;

    @BeforeEach
    void stock() throws IOException {
        StockConfiguration.write(Server.MEMORY, Form.STOCK, conf);
    }

    private String[] arguments(String... more) {
        List<String> arguments = new ArrayList<>(List.of("install", "--conf", conf.toString(), "--organization", "Example Org", "--contact",
            "postmaster@sender.example", "--james", "3.9.0", "--helo", "mail.sender.example"));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    private String container() throws IOException {
        return Files.readString(conf.resolve("mailetcontainer.xml"));
    }

    private Run answering(String answer, String... arguments) {
        InputStream in = System.in;
        System.setIn(new ByteArrayInputStream(answer.getBytes(StandardCharsets.US_ASCII)));
        try {
            return Run.of(arguments);
        } finally {
            System.setIn(in);
        }
    }

    @Test
    void dryRunShouldShowTheDifferenceAndChangeNothing() throws IOException {
        String before = container();
        Run run = Run.of(arguments("--dry-run"));

        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("--- mailetcontainer.xml", "-            <mailet match=\"All\" class=\"RemoteDelivery\">",
            "+            <mailet match=\"All\" class=\"jamestls.mtasts.SecureRemoteDelivery\">", "nothing was changed");
        assertThat(container()).isEqualTo(before);
        assertThat(conf.resolve("dkim-tlsrpt.pem")).doesNotExist();
    }

    @Test
    void nothingShouldBeChangedWithoutAYes() throws IOException {
        String before = container();
        assertThat(answering("", arguments()).exitCode()).isEqualTo(1);
        assertThat(answering("n\n", arguments()).out()).endsWith("Make these changes? [y/N] nothing was changed\n");
        assertThat(container()).isEqualTo(before);
        assertThat(answering("y\n", arguments()).exitCode()).isZero();
        assertThat(container()).contains("SecureRemoteDelivery");
    }

    @Test
    void installationShouldSayWhatRemainsAndBeTakenBack() throws IOException {
        String before = container();
        Run run = Run.of(arguments("--yes"));

        assertThat(run.out()).contains("tlsrpt._domainkey.sender.example. IN TXT", "http://127.0.0.1:8000/users/tlsrpt@sender.example",
            "look for result=delivered");
        assertThat(Run.of(arguments("--yes")).out()).isEqualTo("nothing to do: already installed\n");
        assertThat(Run.of("doctor", "--conf", conf.toString()).exitCode()).isZero();
        assertThat(Run.of("uninstall", "--conf", conf.toString(), "--yes").exitCode()).isZero();
        assertThat(container()).isEqualTo(before);
        assertThat(Run.of("uninstall", "--conf", conf.toString(), "--yes").exitCode()).isEqualTo(1);
    }

    @Test
    void refusalShouldSayWhatToDoByHand() throws IOException {
        Files.writeString(conf.resolve("mailetcontainer.xml"), container().replace("class=\"RemoteDelivery\"", "class=\"Null\""));
        Run run = Run.of(arguments("--yes"));

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("nothing was changed:", "mailetcontainer.xml: has no RemoteDelivery", "    -> put <mailet");
    }

    @Test
    void doctorShouldTellInTextAndJson() {
        Run run = Run.of("doctor", "--conf", conf.toString());
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).contains("problems\n  mailetcontainer.xml:", "problems found");
        assertThat(Run.of("doctor", "--conf", conf.toString(), "--json").out()).contains("\"ok\": false", "\"severity\": \"problem\"");
        assertThat(Run.of("doctor", "--conf", conf + "/none").exitCode()).isEqualTo(3);
        assertThat(Run.of("doctor").exitCode()).isEqualTo(2);
    }

    @Test
    @Tag("slow")
    void commandsShouldRunWithoutJames() throws IOException, InterruptedException {
        assertThat(StandAlone.run(List.of(arguments("--yes"))).exitCode()).isZero();
        StandAlone.Result doctor = StandAlone.run(List.of("doctor", "--conf", conf.toString()));
        assertThat(doctor.err()).isEmpty();
        assertThat(doctor.exitCode()).isZero();
        assertThat(StandAlone.run(List.of("uninstall", "--conf", conf.toString(), "--yes")).exitCode()).isZero();
    }
}
