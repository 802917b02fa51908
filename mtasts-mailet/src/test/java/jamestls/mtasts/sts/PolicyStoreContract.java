package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link PolicyStore} does. */
abstract class PolicyStoreContract {

    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final Duration DAY = Duration.ofDays(1);
    private static final DomainName DOMAIN = DomainName.of("example.com");

    /** An empty store. */
    abstract PolicyStore store();

    private PolicyStore store;

    @BeforeEach
    void open() {
        store = store();
    }

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
    void policyOfTheLargestSizeShouldBeKept() {
        String text = "version: STSv1\nmode: none\nmax_age: 172800\nx: ";
        byte[] body = (text + "x".repeat(65_536 - text.length())).getBytes(StandardCharsets.UTF_8);
        StoredPolicy largest = StoredPolicy.fetched(DOMAIN, "1", ((ParsedPolicy.Valid) StsPolicy.parse(body)).policy(), NOW, NOW, NOW);
        store.save(largest);

        assertThat(store.find(DOMAIN)).contains(largest);
    }

    @Test
    void policyFetchedInTheFutureShouldBeReplacedByAnyFetch() {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        store.save(stored("example.com", "2", now.plus(Duration.ofDays(30))));
        store.save(stored("example.com", "1", now));

        assertThat(store.find(DOMAIN)).contains(stored("example.com", "1", now));
    }

    @Test
    void policyCheckedInTheFutureShouldBeReplacedByAnyCheck() {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        StoredPolicy fetched = stored("example.com", "1", now);
        FetchFailure failure = new FetchFailure("2", now.plusSeconds(300), new Violation(ResultType.STS_POLICY_FETCH_ERROR, "x"));
        store.save(fetched.withFailure(failure, now.plus(Duration.ofDays(30)), now.plus(Duration.ofDays(30))));
        assertThat(store.due(now, Instant.EPOCH, 10)).as("a time for a refresh that no schedule sets").hasSize(1);
        store.save(fetched.withFailure(failure, now, now));

        assertThat(store.find(DOMAIN)).map(StoredPolicy::lastChecked).contains(now);
    }

    @Test
    void leaseOfAServerWhoseClockWasAheadShouldHoldUpNobody() {
        Instant ahead = NOW.plus(Duration.ofDays(30));
        assertThat(store.claim(DOMAIN, "ahead", ahead, ahead.plusSeconds(75))).isTrue();

        assertThat(store.claim(DOMAIN, "other", NOW, NOW.plusSeconds(75))).isTrue();
        assertThat(store.claim(DOMAIN, "third", NOW, NOW.plusSeconds(75))).isFalse();
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
        store.used(Map.of(DOMAIN, NOW.plusSeconds(7), DomainName.of("other.example"), NOW));

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

    @Test
    void failureShouldBeKeptForADomainWithoutPolicyUntilItHasOne() {
        FetchFailure failure = new FetchFailure("1", NOW.plusSeconds(300), new Violation(ResultType.STS_WEBPKI_INVALID, "expired"));
        store.saveFailure(DOMAIN, failure);
        assertThat(store.findFailure(DOMAIN)).contains(failure);
        assertThat(store.findFailure(DomainName.of("other.example"))).isEmpty();
        assertThat(store.find(DOMAIN)).isEmpty();

        FetchFailure next = new FetchFailure("2", NOW.plusSeconds(400), new Violation(ResultType.STS_POLICY_FETCH_ERROR, ""));
        FetchFailure invalid = new FetchFailure("3", NOW.plusSeconds(400), new Violation(ResultType.STS_POLICY_INVALID, "no mode"),
            List.of("version: STSv1", "mod\u00e9: enforce"));
        store.saveFailure(DOMAIN, invalid);
        assertThat(store.findFailure(DOMAIN)).contains(invalid);
        store.saveFailure(DOMAIN, next);
        assertThat(store.findFailure(DOMAIN)).contains(next);
        store.save(stored("example.com", "2", NOW));
        assertThat(store.findFailure(DOMAIN)).isEmpty();
    }

    @Test
    void failureThatIsOverShouldBeRemoved() {
        Violation problem = new Violation(ResultType.STS_POLICY_FETCH_ERROR, "HTTP 503");
        store.saveFailure(DOMAIN, new FetchFailure("1", NOW, problem));
        store.saveFailure(DomainName.of("later.example"), new FetchFailure("1", NOW.plusSeconds(1), problem));
        store.removeExpired(NOW);

        assertThat(store.findFailure(DOMAIN)).isEmpty();
        assertThat(store.findFailure(DomainName.of("later.example"))).isPresent();
    }

    @Test
    void claimShouldBelongToOneUntilReleasedOrOver() {
        assertThat(store.claim(DOMAIN, "a", NOW, NOW.plusSeconds(60))).isTrue();
        assertThat(store.claim(DOMAIN, "b", NOW, NOW.plusSeconds(60))).isFalse();
        assertThat(store.claim(DomainName.of("other.example"), "b", NOW, NOW.plusSeconds(60))).isTrue();
        assertThat(store.claim(DOMAIN, "a", NOW, NOW.plusSeconds(61))).isTrue();

        store.release(DOMAIN, "b");
        assertThat(store.claim(DOMAIN, "b", NOW, NOW.plusSeconds(60))).isFalse();
        store.release(DOMAIN, "a");
        assertThat(store.claim(DOMAIN, "b", NOW, NOW.plusSeconds(60))).isTrue();
        assertThat(store.claim(DOMAIN, "a", NOW.plusSeconds(60), NOW.plusSeconds(120))).isTrue();
    }

    @Test
    void claimOfManyAtOnceShouldBeGrantedToOne() {
        List<CompletableFuture<Boolean>> claims = IntStream.range(0, 20).mapToObj(i -> CompletableFuture.supplyAsync(() ->
            store.claim(DOMAIN, "server" + i, NOW, NOW.plusSeconds(60)), Thread::startVirtualThread)).toList();

        assertThat(claims.stream().filter(CompletableFuture::join)).hasSize(1);
    }
}
