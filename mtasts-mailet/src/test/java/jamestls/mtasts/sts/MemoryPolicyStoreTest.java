package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DomainName;
import java.time.Instant;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MemoryPolicyStoreTest extends PolicyStoreContract {

    @Override
    PolicyStore store() {
        return new MemoryPolicyStore();
    }

    @Test
    void memoryShouldBeBounded() {
        MemoryPolicyStore small = new MemoryPolicyStore(10_000);
        IntStream.range(0, 1000).forEach(i -> small.save(stored("d" + i + ".example", "1", Instant.EPOCH)));

        await().untilAsserted(() -> assertThat(IntStream.range(0, 1000)
            .filter(i -> small.find(DomainName.of("d" + i + ".example")).isPresent()).count()).isBetween(1L, 10L));
    }
}
