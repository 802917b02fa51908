package jamestls.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AnswerCacheTest {

    private static final long MAX_BYTES = 1_000_000;

    private final AtomicInteger flights = new AtomicInteger();

    @Test
    void largeAnswersShouldTakeNoMoreThanTheBytesThereAre() {
        AnswerCache<String> cache = cache("x".repeat(62_000));

        for (int i = 0; i < 1_000; i++) {
            cache.get(DomainName.of("d" + i + ".evil.example")).join();
            assertThat(cache.weight()).isLessThanOrEqualTo(MAX_BYTES + 63_000);
        }
    }

    @Test
    void smallAnswersShouldAllBeKept() {
        AnswerCache<String> cache = cache("v=STSv1; id=1;");
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 1_000; i++) {
                cache.get(DomainName.of("d" + i + ".good.example")).join();
            }
        }

        assertThat(flights).hasValue(1_000);
    }

    private AnswerCache<String> cache(String text) {
        return new AnswerCache<>(MAX_BYTES, System::nanoTime, name -> {
            flights.incrementAndGet();
            return new AnswerCache.Fresh<>(new DnsAnswer.Found<>(List.of(text), Security.INSECURE, name), 3_600);
        });
    }
}
