package jamestls.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.install.Installation.Options;
import jamestls.install.StockConfiguration.Form;
import jamestls.install.StockConfiguration.Server;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExtensionJarsTest {

    @TempDir
    private Path directory;

    private Path conf;
    private Path extensions;

    @BeforeEach
    void stock() throws Exception {
        conf = directory.resolve("james/conf");
        extensions = Files.createDirectories(directory.resolve("james/extensions-jars"));
        StockConfiguration.write(Server.MEMORY, Form.IMAGE, conf);
    }

    private Options options() {
        return new Options(conf, new Installation.Reports("Org", "a@sender.example", null, List.of(), null), null, null, extensions);
    }

    private ExtensionJars jars(String version, String classifier) throws Exception {
        Path from = Files.createDirectories(directory.resolve("release" + classifier));
        return ExtensionJars.beside(FakeJars.write(from, version, classifier).getFirst());
    }

    private void library(String name) throws Exception {
        Files.createDirectories(directory.resolve("james/libs"));
        Files.writeString(directory.resolve("james/libs").resolve(name), "");
    }

    private List<String> installed() throws Exception {
        try (Stream<Path> files = Files.list(extensions)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void bothJarsShouldBeCopiedAndOldOnesRemovedAndBroughtBack() throws Exception {
        FakeJars.write(extensions, "0.1.0", "");
        Files.writeString(extensions.resolve("other-0.1.0.jar"), "");
        // made once: a jar made in another second has other bytes
        ExtensionJars jars = jars("0.2.0", "");
        Backup.apply(Installation.plan(options(), Optional.of(jars)));

        assertThat(installed()).containsExactly("mtasts-mailet-0.2.0.jar", "other-0.1.0.jar", "tlsrpt-mailet-0.2.0.jar");
        assertThat(Installation.plan(options(), Optional.of(jars)).isEmpty()).isTrue();

        Backup.applyRevert(Backup.revert(conf));
        assertThat(installed()).containsExactly("mtasts-mailet-0.1.0.jar", "other-0.1.0.jar", "tlsrpt-mailet-0.1.0.jar");
    }

    @Test
    void jarsOfTheWrongFlavourShouldBeRefused() throws Exception {
        library("james-server-core-3.8.1.jar");
        ExtensionJars jars = jars("0.2.0", "");
        assertThatThrownBy(() -> Installation.plan(options(), Optional.of(jars))).isInstanceOf(Refusal.class)
            .hasMessageContaining("this is James 3.8.1, and mtasts-mailet-0.2.0.jar is for James 3.9 and newer");
        Installation.plan(options(), Optional.of(jars("0.2.0", "-james38")));

        Files.delete(directory.resolve("james/libs/james-server-core-3.8.1.jar"));
        library("apache-mailet-api-3.9.0.jar");
        ExtensionJars old = jars("0.2.0", "-james38");
        assertThatThrownBy(() -> Installation.plan(options(), Optional.of(old))).isInstanceOf(Refusal.class)
            .hasMessageContaining("this is James 3.9.0");
    }

    @Test
    void versionShouldBeWhatTheOperatorSaysElseWhatTheJarIsFor() throws Exception {
        assertThat(Installation.plan(options(), Optional.of(jars("0.2.0", "-james38"))).steps()).anyMatch(step ->
            step.contains("assuming James 3.8,"));
        assertThat(JamesServer.find(conf, "3.8.2").orElseThrow().flavour()).isEqualTo(JamesServer.Flavour.JAVAX);
        assertThat(JamesServer.find(conf, "3.10.0").orElseThrow().flavour()).isEqualTo(JamesServer.Flavour.JAKARTA);
        assertThatThrownBy(() -> JamesServer.find(conf, "/no/such/directory")).isInstanceOf(Refusal.class);
    }

    @Test
    void healthChecksThatTheJarsDoNotHaveShouldNotBeNamed() throws Exception {
        Path from = Files.createDirectories(directory.resolve("small"));
        List<Path> files = FakeJars.write(from, "0.2.0", "");
        try (var zip = FileSystems.newFileSystem(files.getLast())) {
            Files.delete(zip.getPath("jamestls/tlsrpt/ReportingHealthCheck.class"));
        }
        Backup.apply(Installation.plan(options(), Optional.of(ExtensionJars.beside(files.getFirst()))));

        assertThat(conf.resolve("healthcheck.properties")).content().contains("=jamestls.mtasts.DeliveryHealthCheck\n");
    }

    @Test
    void missingOtherJarShouldBeRefused() throws Exception {
        Path from = Files.createDirectories(directory.resolve("half"));
        List<Path> files = FakeJars.write(from, "0.2.0", "");
        Files.delete(files.getLast());
        assertThatThrownBy(() -> ExtensionJars.beside(files.getFirst())).isInstanceOf(Refusal.class)
            .hasMessageContaining("there is no tlsrpt-mailet-0.2.0.jar beside");
    }
}
