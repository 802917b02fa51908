package jamestls.tlsrpt.store;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.tlsrpt.store.DestinationStore.Share;
import jamestls.tlsrpt.store.DestinationStore.Suppressed;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Contract of all {@link DestinationStore}s. */
abstract class DestinationStoreContract {

    private static final DomainName HOST = DomainName.of("victim.example");
    private static final DomainName OTHER = DomainName.of("other.example");
    private static final Suppressed WEEK = new Suppressed("tls@rcpt.example", NOON.plus(Duration.ofDays(7)), "550 5.1.1 nobody here");

    private DestinationStore store;

    /** A new empty store. */
    abstract DestinationStore open();

    /** The same store as another process sees it; for a store in memory the same object. */
    abstract DestinationStore again(DestinationStore opened);

    @BeforeEach
    void openStore() {
        store = open();
    }

    @Test
    void addressShouldBeSuppressedUntilItsTimeIsOver() {
        store.suppress(WEEK);
        store.suppress(new Suppressed("b@rcpt.example", NOON.plusSeconds(1), "552 5.2.2 full"));

        assertThat(again(store).suppressed(NOON)).containsExactlyInAnyOrder(WEEK,
            new Suppressed("b@rcpt.example", NOON.plusSeconds(1), "552 5.2.2 full"));
        assertThat(store.suppressed(NOON.plusSeconds(1))).containsExactly(WEEK);
        assertThat(store.suppressed(WEEK.until())).isEmpty();
    }

    @Test
    void longerSuppressionShouldWin() {
        Suppressed later = new Suppressed(WEEK.address(), WEEK.until().plusSeconds(60), "again");
        store.suppress(WEEK);
        store.suppress(later);
        store.suppress(WEEK);

        assertThat(store.suppressed(NOON)).containsExactly(later);
    }

    @Test
    void suppressionOfAWrongClockShouldBeReplaced() {
        store.suppress(new Suppressed(WEEK.address(), WEEK.until().plus(Duration.ofDays(300)), "in a year to come"));
        store.suppress(WEEK);

        assertThat(again(store).suppressed(NOON)).containsExactly(WEEK);
    }

    @Test
    void reportsShouldAddUpByHostAndDay() {
        assertThat(store.add(DAY, Map.of(HOST, 3, OTHER, 1))).isEqualTo(Map.of(HOST, 3L, OTHER, 1L));
        assertThat(again(store).add(DAY, Map.of(HOST, 2))).isEqualTo(Map.of(HOST, 5L));

        assertThat(again(store).reportsPerHost(DAY)).isEqualTo(Map.of(HOST, 5L, OTHER, 1L));
        assertThat(store.reportsPerHost(DAY.plusDays(1))).isEmpty();
    }

    @Test
    void concurrentAdditionsShouldAllCount() {
        IntStream.range(0, 40).parallel().forEach(i -> store.add(DAY, Map.of(HOST, 1, OTHER, 2)));

        assertThat(store.reportsPerHost(DAY)).isEqualTo(Map.of(HOST, 40L, OTHER, 80L));
    }

    @Test
    void secretShouldBeTheSameForAllServersAndLong() {
        List<String> secrets = IntStream.range(0, 8).parallel()
            .mapToObj(i -> HexFormat.of().formatHex(again(store).secret())).distinct().toList();

        assertThat(secrets).singleElement().asString().hasSize(64);
    }

    @Test
    void sharesShouldBeStoredMergedAndDeleted() {
        Share waits = new Share(HOST, RCPT, Instant.EPOCH, Instant.EPOCH, NOON.plusSeconds(60));
        Share accepted = new Share(HOST, RCPT, NOON, NOON, Instant.EPOCH);
        Share later = new Share(HOST, RCPT, NOON.plusSeconds(9), NOON.plusSeconds(9), Instant.EPOCH);
        store.save(List.of(waits));
        assertThat(again(store).shares()).containsExactly(waits);
        store.save(List.of(accepted));
        assertThat(again(store).shares()).containsExactly(accepted);
        store.save(List.of(later));
        store.save(List.of(accepted));
        assertThat(again(store).shares()).containsExactly(new Share(HOST, RCPT, NOON, NOON.plusSeconds(9), Instant.EPOCH));
        store.revokeAcceptance(HOST, RCPT);
        store.revokeAcceptance(OTHER, RCPT);
        assertThat(store.shares()).containsExactly(new Share(HOST, RCPT, Instant.EPOCH, NOON.plusSeconds(9), Instant.EPOCH));
        store.forget(DAY);
        assertThat(store.shares()).hasSize(1);
        store.forget(DAY.plusDays(1));
        assertThat(store.shares()).isEmpty();
    }

    @Test
    void oldDaysShouldBeDeleted() {
        store.add(DAY, Map.of(HOST, 3));
        store.suppress(WEEK);
        store.forget(DAY.plusDays(1));

        assertThat(store.reportsPerHost(DAY)).isEmpty();
        assertThat(store.suppressed(NOON)).containsExactly(WEEK);
    }
}
