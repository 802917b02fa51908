package jamestls.mtasts.waiting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import jamestls.dns.DomainName;
import jamestls.mtasts.waiting.WaitingIndex.Abandoned;
import jamestls.mtasts.waiting.WaitingIndex.Claimed;
import jamestls.mtasts.waiting.WaitingIndex.Parked;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The claims of several servers, in a real PostgreSQL. */
@Tag("slow")
class WaitingIndexTest extends WaitingFixture {

    @Test
    void serversShouldClaimEachMailOnce() {
        index.add(IntStream.range(0, 2_000).mapToObj(i ->
            new Parked("m" + i, Optional.empty(), URL, DOMAINS, Duration.ZERO)).toList());

        List<CompletableFuture<List<String>>> claims = IntStream.range(0, 8).mapToObj(server -> CompletableFuture.supplyAsync(() -> {
            List<String> claimed = new ArrayList<>();
            for (List<Claimed> some = claim(server); !some.isEmpty(); some = claim(server)) {
                some.forEach(mail -> claimed.add(mail.name()));
            }
            return claimed;
        }, Thread::startVirtualThread)).toList();

        List<String> all = claims.stream().flatMap(claim -> claim.join().stream()).toList();
        assertThat(all).doesNotHaveDuplicates().hasSizeGreaterThan(1_000);
        assertThat(all.size() + claim(9).size()).as("what others had locked is left").isLessThanOrEqualTo(2_000);
    }

    @Test
    void oldestDueTimeShouldBeFirstAndFullDomainsLeftOut() {
        index.add(List.of(new Parked("late", Optional.empty(), URL, List.of("a.example"), Duration.ofMillis(-1_000)),
            new Parked("early", Optional.empty(), URL, List.of("b.example"), Duration.ofMillis(-5_000)),
            new Parked("full", Optional.empty(), URL, List.of("full.example", "c.example"), Duration.ofMillis(-9_000)),
            new Parked("notdue", Optional.empty(), URL, List.of("a.example"), Duration.ofHours(1))));

        assertThat(index.claim("one", Resumer.LEASE, Abandoned.NOT, List.of("full.example"), 1)).extracting(Claimed::name)
            .containsExactly("early");
        assertThat(index.claim("one", Resumer.LEASE, Abandoned.NOT, List.of("full.example"), 9)).extracting(Claimed::name)
            .containsExactly("late");
        assertThat(index.dueNow(Optional.of(DomainName.of("c.example")))).as("due already").isZero();
        assertThat(index.dueNow(Optional.of(DomainName.of("a.example")))).as("the other is claimed").isEqualTo(1);
        assertThat(index.claim("two", Resumer.LEASE, Abandoned.NOT, List.of(), 9)).extracting(Claimed::name, Claimed::requested)
            .containsExactlyInAnyOrder(tuple("full", false),
                tuple("notdue", true));
    }

    private List<Claimed> claim(int server) {
        return index.claim("server" + server, Resumer.LEASE, Abandoned.TOO, List.of(), 50);
    }
}
