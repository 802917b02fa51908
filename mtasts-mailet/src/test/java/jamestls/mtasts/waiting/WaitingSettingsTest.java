package jamestls.mtasts.waiting;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.storage.DatabaseAddress;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WaitingSettingsTest {

    private static final Optional<DatabaseAddress> POSTGRES =
        Optional.of(new DatabaseAddress.PostgreSql("jdbc:postgresql://db/jamestls", "", ""));

    @ParameterizedTest
    @CsvSource({
        "postgres,  ,                              postgres://var/mail/outgoing-waiting/",
        "cassandra, ,                              cassandra://var/mail/outgoing-waiting/",
        "file,      cassandra://var/mail/other/,   cassandra://var/mail/other/",
        "memory,    ,                              ",
        "file,      ,                              ",
        "postgres,  jpa://var/mail/waiting/,       "})
    void onlyRepositoriesThatServersShareShouldBeUsed(String defaultProtocol, String named, String used) {
        WaitingSettings settings = new WaitingSettings(Optional.empty(), Optional.ofNullable(named));

        WaitingSettings.Choice choice = settings.choose(POSTGRES, () -> Optional.of(defaultProtocol));

        assertThat(choice.url()).isEqualTo(Optional.ofNullable(used));
        if (used == null) {
            assertThat(choice.objection()).contains("do not share", "waitingRepository", "cassandra://", "postgres://");
        }
    }

    @Test
    void indexShouldNeedPostgres() {
        WaitingSettings settings = new WaitingSettings(Optional.empty(), Optional.empty());

        assertThat(settings.choose(Optional.empty(), () -> Optional.of("postgres")).objection()).contains("need PostgreSQL");
        assertThat(settings.choose(Optional.of(new DatabaseAddress.SqliteFile(Path.of("x.sqlite"))), () -> Optional.of("postgres")).url())
            .isEmpty();
        assertThat(settings.choose(POSTGRES, Optional::empty).objection()).contains("no default protocol");
    }
}
