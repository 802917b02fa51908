package jamestls.tlsrpt.inbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MemoryInboxStoreTest extends InboxStoreContract {

    @Override
    InboxStore open(InboxStore.Limits limits) {
        return InboxStore.open(Optional.empty(), limits, Clock.systemUTC());
    }

    @Test
    void closedStoreShouldLeaveNoFile() throws IOException {
        InboxStore opened = open(InboxStore.Limits.DEFAULT);
        Path file = Path.of(opened.database().toString());
        assertThat(file).exists();
        opened.close();

        assertThat(file.getParent()).doesNotExist();
        try (Stream<Path> left = Files.list(file.getParent().getParent())) {
            assertThat(left).doesNotContain(file.getParent());
        }
    }
}
