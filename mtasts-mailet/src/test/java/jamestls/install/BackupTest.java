package jamestls.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import jamestls.install.StockConfiguration.Form;
import jamestls.install.StockConfiguration.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackupTest {

    @TempDir
    private Path conf;

    @BeforeEach
    void stock() throws IOException {
        StockConfiguration.write(Server.MEMORY, Form.STOCK, conf);
    }

    private void install(String helo) throws IOException, Refusal {
        Backup.apply(Installation.plan(InstallationTest.options(conf, helo), Optional.empty()));
    }

    private void edit(String before, String after) throws IOException {
        Path file = conf.resolve("mailetcontainer.xml");
        Files.writeString(file, Files.readString(file).replaceFirst(before, after));
    }

    @Test
    void editsElsewhereShouldStayWhenAnInstallationIsTakenBack() throws Exception {
        Map<String, String> before = InstallationTest.files(conf);
        install(null);
        edit("<threads>20</threads>", "<threads>7</threads>\n        <!-- fewer -->");
        Backup.applyRevert(Backup.revert(conf));

        assertThat(Files.readString(conf.resolve("mailetcontainer.xml"))).isEqualTo(before.get("mailetcontainer.xml")
            .replace("<threads>20</threads>", "<threads>7</threads>\n        <!-- fewer -->"));
    }

    @Test
    void editOfWhatWasWrittenShouldBeNamedAndNothingChanged() throws Exception {
        install(null);
        edit("<contact>postmaster@", "<contact>tls@");
        Map<String, String> before = InstallationTest.files(conf);

        Refusal refusal = catchThrowableOfType(Refusal.class, () -> Backup.revert(conf));

        int line = (int) before.get("mailetcontainer.xml").lines().takeWhile(each -> !each.contains("<contact>")).count() + 1;
        assertThat(refusal.findings()).singleElement().matches(finding -> finding.line() == line, "line " + line);
        assertThat(InstallationTest.files(conf)).isEqualTo(before);
    }

    @Test
    void severalInstallationsShouldBeTakenBackTogether() throws Exception {
        Map<String, String> before = InstallationTest.files(conf);
        install(null);
        install("mail.sender.example");
        Backup.applyRevert(Backup.revert(conf));

        Map<String, String> after = InstallationTest.files(conf);
        after.remove("dkim-tlsrpt.pem");
        assertThat(after).isEqualTo(before);
        assertThatThrownBy(() -> Backup.revert(conf)).isInstanceOf(Refusal.class).hasMessageContaining("no installation");
    }

    @Test
    void keyShouldStayAndServeTheNextInstallation() throws Exception {
        install(null);
        String key = Files.readString(conf.resolve("dkim-tlsrpt.pem"));
        Backup.applyRevert(Backup.revert(conf));
        install(null);

        assertThat(Files.readString(conf.resolve("dkim-tlsrpt.pem"))).isEqualTo(key);
    }

    @Test
    void fileThatChangedSinceThePlanShouldStopEverything() throws Exception {
        Plan plan = Installation.plan(InstallationTest.options(conf, null), Optional.empty());
        Files.writeString(conf.resolve("logback.xml"), "<configuration><root level=\"INFO\"/></configuration>");
        Map<String, String> before = InstallationTest.files(conf);

        assertThatThrownBy(() -> Backup.apply(plan)).isInstanceOf(Refusal.class).hasMessageContaining("logback.xml");
        assertThat(InstallationTest.files(conf)).isEqualTo(before);
    }

    @Test
    void failedWriteShouldTakeBackWhatWasWritten() throws Exception {
        Plan plan = Installation.plan(InstallationTest.options(conf, null), Optional.empty());
        Plan broken = new Plan(conf);
        plan.changes().forEach(broken::change);
        Path file = Files.writeString(conf.resolve("file"), "");
        broken.change(Plan.Change.newText(file.resolve("below"), "x"));
        Map<String, String> before = InstallationTest.files(conf);

        assertThatThrownBy(() -> Backup.apply(broken)).isInstanceOf(IOException.class).hasMessageContaining("as it was before");
        assertThat(InstallationTest.files(conf)).isEqualTo(before);
    }

    @Test
    void fileThatCouldNotBeRestoredShouldBeNamedWithTheCopies() throws Exception {
        Plan broken = new Plan(conf);
        Path file = Files.writeString(conf.resolve("file"), "before");
        Path other = Files.writeString(conf.resolve("other"), "");
        broken.change(new Plan.Change(Plan.Change.Kind.TEXT, file, Optional.of(Files.readAllBytes(file)), Optional.empty()));
        // makes a directory in the place of the file
        broken.change(Plan.Change.newText(file.resolve("below"), "x"));
        broken.change(Plan.Change.newText(other.resolve("below"), "x"));

        assertThatThrownBy(() -> Backup.apply(broken)).isInstanceOf(IOException.class)
            .hasMessageContaining("could not be restored: " + file).hasMessageContaining("0001-install-failed")
            .hasMessageNotContaining("Exception");
    }

    @Test
    void copiesShouldBeForTheOwnerOnlyAndLinksStayLinks() throws Exception {
        Path real = Files.move(conf.resolve("logback.xml"), conf.resolveSibling(conf.getFileName() + "-logback.xml"));
        Files.createSymbolicLink(conf.resolve("logback.xml"), real);
        install(null);

        assertThat(conf.resolve("logback.xml")).isSymbolicLink();
        assertThat(Files.readString(real)).contains("name=\"jamestls\"");
        assertThat(Files.getPosixFilePermissions(conf.resolve(Backup.DIRECTORY))).hasSize(3);
    }
}
