package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DomainName;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MemoryPolicyStoreTest extends PolicyStoreContract {

    @Override
    PolicyStore store() {
        return new MemoryPolicyStore();
    }

    @Test
    void largePoliciesShouldNotDriveUsualOnesOut() {
        MemoryPolicyStore store = new MemoryPolicyStore();
        IntStream.range(0, 20_000).forEach(i -> store.save(stored("honest" + i + ".example", "1", Instant.EPOCH)));
        String text = "version: STSv1\nmode: none\nmax_age: 86400\n" + "x: y\n".repeat(900);
        byte[] body = (text + "x: " + "y".repeat(55_000)).getBytes(StandardCharsets.US_ASCII);
        StsPolicy large = ((ParsedPolicy.Valid) StsPolicy.parse(body)).policy();
        IntStream.range(0, 800).forEach(i -> store.save(StoredPolicy.fetched(DomainName.of("large" + i + ".example"), "1", large,
            Instant.EPOCH, Instant.EPOCH, Instant.EPOCH)));

        assertThat(IntStream.range(0, 20_000).filter(i -> store.find(DomainName.of("honest" + i + ".example")).isEmpty())).isEmpty();
        assertThat(IntStream.range(0, 800).filter(i -> store.find(DomainName.of("large" + i + ".example")).isPresent()).count())
            .isBetween(50L, 200L);
    }

    @Test
    void policyThatGrowsOrShrinksShouldStayOne() {
        MemoryPolicyStore store = new MemoryPolicyStore();
        StoredPolicy small = stored("example.com", "1", Instant.EPOCH);
        String text = "version: STSv1\nmode: none\nmax_age: 86400\nx: " + "y".repeat(50_000);
        StsPolicy policy = ((ParsedPolicy.Valid) StsPolicy.parse(text.getBytes(StandardCharsets.US_ASCII))).policy();
        StoredPolicy large = StoredPolicy.fetched(small.domain(), "2", policy, Instant.EPOCH.plusSeconds(1), Instant.EPOCH, Instant.EPOCH);
        store.save(small);
        store.save(large);
        assertThat(store.find(small.domain())).contains(large);
        store.save(small);
        assertThat(store.find(small.domain())).as("the newer one").contains(large);
        StoredPolicy smallAgain = stored("example.com", "3", Instant.EPOCH.plusSeconds(2));
        store.save(smallAgain);
        assertThat(store.find(small.domain())).contains(smallAgain);
    }

    @Test
    void memoryShouldBeBounded() {
        MemoryPolicyStore small = new MemoryPolicyStore(12_500, Clock.systemUTC());
        IntStream.range(0, 1000).forEach(i -> small.save(stored("d" + i + ".example", "1", Instant.EPOCH)));

        await().untilAsserted(() -> assertThat(IntStream.range(0, 1000)
            .filter(i -> small.find(DomainName.of("d" + i + ".example")).isPresent()).count()).isBetween(1L, 10L));
    }

    @Test
    void largePolicyShouldBeUsedAndExpireAsOthers() {
        MemoryPolicyStore store = new MemoryPolicyStore();
        String text = "version: STSv1\nmode: none\nmax_age: 86400\nx: " + "y".repeat(50_000);
        StsPolicy policy = ((ParsedPolicy.Valid) StsPolicy.parse(text.getBytes(StandardCharsets.US_ASCII))).policy();
        StoredPolicy large = StoredPolicy.fetched(DomainName.of("example.com"), "1", policy, Instant.EPOCH, Instant.EPOCH, Instant.EPOCH);
        store.save(large);
        store.used(Map.of(large.domain(), Instant.EPOCH.plusSeconds(7)));
        assertThat(store.find(large.domain())).contains(large.withLastUsed(Instant.EPOCH.plusSeconds(7)));

        store.removeExpired(large.expires().minusMillis(1));
        assertThat(store.find(large.domain())).isPresent();
        store.removeExpired(large.expires());
        assertThat(store.find(large.domain())).isEmpty();
    }
}
