package jamestls.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.config.Parameters;
import java.io.FileNotFoundException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.StreamHandler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseAddressTest {

    private static final Parameters.FileLocator VAR = location -> Path.of("/james/var", location.substring("file://var/".length()));

    @Test
    void locationsShouldBeParsed() {
        assertThat(DatabaseAddress.parse("memory", "", "", VAR)).isEmpty();
        assertThat(DatabaseAddress.parse("file://var/jamestls.sqlite", "", "", VAR))
            .contains(new DatabaseAddress.SqliteFile(Path.of("/james/var/jamestls.sqlite")));
        assertThat(DatabaseAddress.parse("jdbc:postgresql://db/mail", "james", "secret", VAR))
            .contains(new DatabaseAddress.PostgreSql("jdbc:postgresql://db/mail", "james", "secret"));
    }

    @Test
    void fileOnANetworkFileSystemShouldBeAProblem() {
        DatabaseAddress.SqliteFile file = new DatabaseAddress.SqliteFile(Path.of("/mnt/var/jamestls.sqlite"));

        assertThat(List.of("nfs4", "CIFS", "fuse.sshfs")).allMatch(type -> file.objection(type)
            .filter(text -> text.contains("/mnt/var/jamestls.sqlite") && text.contains(type)).isPresent());
        assertThat(List.of("ext4", "overlay", "xfs", "tmpfs")).allMatch(type -> file.objection(type).isEmpty());
        assertThat(file.objection()).as("the disk of this machine").isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "sqlite", "/var/jamestls.sqlite", "jdbc:mysql://db/mail", "MEMORY"})
    void otherLocationsShouldBeRefusedWithTheAllowedOnes(String location) {
        assertThatThrownBy(() -> DatabaseAddress.parse(location, "", "", VAR))
            .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("jdbc:postgresql://");
    }

    @Test
    void invalidPathShouldBeRefused() {
        assertThatThrownBy(() -> DatabaseAddress.parse("file://elsewhere", "", "", location -> {
            throw new FileNotFoundException("no such root");
        })).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("no such root");
    }

    @Test
    void invalidUrlShouldBeRefusedWhenOpened() {
        assertThatThrownBy(() -> Database.open(new DatabaseAddress.PostgreSql("jdbc:postgresql://[nonsense", "", ""), List.of(),
            Clock.systemUTC())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void addressForLogsShouldHaveNoPassword() {
        assertThat(new DatabaseAddress.PostgreSql("jdbc:postgresql://db/mail?user=a&password=secret", "james", "secret").toString())
            .isEqualTo("jdbc:postgresql://db/mail");
    }

    @ParameterizedTest
    @ValueSource(strings = {"jdbc:postgresql://db/mail?user=a&password=secret", "jdbc:postgres://a:secret@db/mail",
        "jdbc:mysql://db/mail;password=secret", "postgresql://a:sec@secret@db", "jdbc:postgresql://a:x?secret@db/mail?y",
        "jdbc:postgresql:mail?password=a@secret", "jdbc:postgresql://db/mail&password=secret"})
    void quotedLocationShouldHaveNoPassword(String location) {
        assertThat(DatabaseAddress.withoutPassword(location)).doesNotContain("secret").matches("(jdbc:)?[a-z]+:.*");
    }

    @Test
    void urlThatTheDriverRefusesShouldNotBeQuoted() {
        List<LogRecord> logged = new CopyOnWriteArrayList<>();
        Handler handler = new StreamHandler() {
            @Override
            public void publish(LogRecord record) {
                logged.add(record);
            }
        };
        Logger root = Logger.getLogger("");
        root.addHandler(handler);
        try {
            assertThatThrownBy(() -> Database.open(new DatabaseAddress.PostgreSql("jdbc:postgresql://[x?password=secret", "", ""),
                List.of(),
                Clock.systemUTC())).isInstanceOf(Database.Refused.class).hasMessageNotContaining("secret").hasNoCause();
            assertThatThrownBy(() -> Database.open(new DatabaseAddress.PostgreSql("jdbc:postgresql://u:secret@db/mail", "", ""), List.of(),
                Clock.systemUTC())).isInstanceOf(Database.Refused.class).hasMessageNotContaining("secret").hasNoCause();
        } finally {
            root.removeHandler(handler);
        }
        assertThat(logged).isEmpty();
    }
}
