package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.mtasts.dns.DomainName;
import jamestls.mtasts.outcome.ResultType;
import jamestls.mtasts.outcome.Violation;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** What every {@link PolicyStore} does. */
abstract class PolicyStoreContract {

    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final Duration DAY = Duration.ofDays(1);
    private static final DomainName DOMAIN = DomainName.of("example.com");

    /** An empty store. */
    abstract PolicyStore store();

    private final PolicyStore store = store();

    static StoredPolicy stored(String domain, String id, Instant fetched) {
        byte[] text = "version: STSv1\r\nmode: enforce\r\nmx: *.example.com\r\nmax_age: 172800\r\nx-note: déjà vu\r\n"
            .getBytes(StandardCharsets.UTF_8);
        StsPolicy policy = ((ParsedPolicy.Valid) StsPolicy.parse(text)).policy();
        return StoredPolicy.fetched(DomainName.of(domain), id, policy, fetched, fetched, fetched.plus(DAY));
    }

    @Test
    void storeShouldGiveBackWhatItWasGiven() {
        StoredPolicy policy = stored("example.com", "1", NOW).withFailure(
            new FetchFailure("2", NOW.plusSeconds(300), new Violation(ResultType.STS_POLICY_INVALID, "line 1: no colon")), NOW, NOW);
        store.save(policy);

        assertThat(store.find(DOMAIN)).contains(policy);
        assertThat(store.find(DomainName.of("other.example"))).isEmpty();
    }

    @Test
    void laterFetchShouldReplaceTheEarlierOneWhateverTheOrder() {
        StoredPolicy later = stored("example.com", "2", NOW.plusSeconds(1));
        store.save(stored("example.com", "1", NOW));
        store.save(later);
        store.save(stored("example.com", "1", NOW));

        assertThat(store.find(DOMAIN)).contains(later);
    }

    @Test
    void failureOfAnEarlierFetchShouldNotUndoALaterOne() {
        StoredPolicy later = stored("example.com", "2", NOW.plusSeconds(1));
        store.save(later);
        store.save(stored("example.com", "1", NOW).withFailure(
            new FetchFailure("2", NOW, new Violation(ResultType.STS_POLICY_FETCH_ERROR, "")), NOW.plusSeconds(2), NOW));

        assertThat(store.find(DOMAIN)).contains(later);
    }

    @Test
    void useShouldBeNotedAndNothingElseChanged() {
        store.save(stored("example.com", "1", NOW));
        store.used(DOMAIN, NOW.plusSeconds(7));
        store.used(DomainName.of("other.example"), NOW);

        assertThat(store.find(DOMAIN)).contains(stored("example.com", "1", NOW).withLastUsed(NOW.plusSeconds(7)));
        assertThat(store.find(DomainName.of("other.example"))).isEmpty();
    }

    @Test
    void dueShouldBeWhatIsUsedAndNotExpiredAndLongestDueFirst() {
        store.save(stored("b.example", "1", NOW.minus(DAY).minusSeconds(1)));
        store.save(stored("a.example", "1", NOW.minus(DAY)));
        store.save(stored("not-yet.example", "1", NOW.minus(DAY).plusSeconds(1)));
        store.save(stored("expired.example", "1", NOW.minus(DAY.multipliedBy(2))));
        store.save(stored("unused.example", "1", NOW.minus(DAY)).withLastUsed(NOW.minus(DAY.multipliedBy(31))));

        Instant usedSince = NOW.minus(DAY.multipliedBy(30));
        assertThat(store.due(NOW, usedSince, 10)).extracting(policy -> policy.domain().ascii()).containsExactly("b.example", "a.example");
        assertThat(store.due(NOW, usedSince, 1)).extracting(policy -> policy.domain().ascii()).containsExactly("b.example");
    }

    @Test
    void expiredPoliciesShouldBeRemoved() {
        store.save(stored("example.com", "1", NOW));
        store.save(stored("expired.example", "1", NOW.minus(DAY.multipliedBy(2))));
        store.removeExpired(NOW);

        assertThat(store.find(DOMAIN)).isPresent();
        assertThat(store.find(DomainName.of("expired.example"))).isEmpty();
    }
}
