package jamestls.tlsrpt.store;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.sts;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.Due.Expiry;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Contract of all {@link TallyStore}s for calls with several days and domains. */
abstract class SeveralClaimsContract extends TallyStoreContract {

    @Test
    void partShouldStartWithTheDayAfterTheClockWasSetBack() {
        add(List.of(success(KEY)));
        store().claim(KEY, LATER);
        add(List.of(success(KEY)));
        DomainTally second = store().claim(KEY, Due.everything(KEY.endOfDay().minusSeconds(3_000))).orElseThrow().tally();
        add(List.of(success(KEY)));
        DomainTally third = store().claim(KEY, Due.everything(NOON)).orElseThrow().tally();

        assertPart(second, 2, KEY.firstSecond());
        assertThat(second.end()).isEqualTo("2026-03-01T23:10:00Z");
        assertPart(third, 3, KEY.firstSecond());
        assertThat(third.end()).isEqualTo(NOON);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1_000_000, -1, 0, 1, 86_398, 86_399, 86_400, 1_000_000})
    void rangeShouldNeverBeEmptyWhateverTheClock(long secondOfDay) {
        for (int part = 1; part <= 3; part++) {
            add(List.of(success(KEY)));
            Due due = new Due(DAY, KEY.firstSecond().plusSeconds(secondOfDay), NEXT_DAY);
            DomainTally tally = store().claim(KEY, due).orElseThrow().tally();

            assertThat(tally.part().number()).isEqualTo(part);
            assertThat(tally.end()).isAfter(tally.part().start()).isBeforeOrEqualTo(KEY.lastSecond());
            assertThat(tally.part().start()).isAfterOrEqualTo(KEY.firstSecond());
        }
    }

    @Test
    void policiesBeyondTheLimitInOneWriteShouldBeDroppedAndCounted() {
        TallyStore limited = open(new TallyLimits(4, 10, 3, 10, 1 << 20));
        TallyKey other = new TallyKey(DAY, DomainName.of("other.example"));
        limited.add(new WriteId("test", 1), counts(List.of(under(KEY, 0))));
        int dropped = limited.add(new WriteId("test", 2),
            counts(List.of(under(KEY, 1), under(other, 1), under(KEY, 2), under(KEY, 3), under(KEY, 4))));

        assertThat(dropped).isEqualTo(2);
        assertThat(limited.claim(KEY, LATER).orElseThrow().tally().policies()).hasSize(3);
        assertThat(limited.claim(other, LATER).orElseThrow().tally().policies()).hasSize(1);
    }

    private static Session under(TallyKey key, int policy) {
        return new Session(key, Map.of(AppliedPolicy.none(DomainName.of("p" + policy + ".example")), Set.of()));
    }

    @Test
    void policiesThatAreStoredAlikeShouldBeCountedTogether() {
        List<Session> sessions = Stream.of(List.of("a", "b"), List.of("a\nb"))
            .map(hosts -> new AppliedPolicy(PolicyType.STS, RCPT, List.of("version: STSv1"), hosts))
            .map(policy -> new Session(KEY, Map.of(policy, Set.of(detail("x"))))).toList();
        add(sessions);
        add(sessions);

        assertThat(store().claim(KEY, LATER).orElseThrow().tally().policies().stream().mapToLong(PolicyTally::failures).sum()).isEqualTo(4);
    }

    @Test
    void partShouldKeepItsStoreIdOverSeveralClaims() {
        TallyKey apart = new TallyKey(DAY, RCPT, Optional.of(DomainName.of("tenant.example")));
        add(List.of(success(KEY), success(apart)));
        Claim first = store().claim(KEY, Due.everything(NOON)).orElseThrow();
        String id = first.tally().part().storeId();
        store().postpone(first, NOON);
        add(List.of(success(KEY)));

        assertThat(id).matches("[a-z0-9]{10}");
        assertThat(store().claim(KEY, LATER).orElseThrow().tally().part().storeId()).isEqualTo(id);
        assertThat(store().claim(KEY, LATER).orElseThrow().tally().part().storeId()).as("the day's second part").isEqualTo(id);
        assertThat(store().claim(apart, LATER).orElseThrow().tally().part().storeId()).matches("[a-z0-9]{10}").isNotEqualTo(id);
    }

    @Test
    void storesShouldHaveDifferentIdsForTheSameReport() {
        add(List.of(success(KEY)));
        String id = store().claim(KEY, LATER).orElseThrow().tally().part().storeId();
        TallyStore other = open(TallyLimits.DEFAULT);
        other.add(new WriteId("test", 1), counts(List.of(success(KEY))));

        assertThat(other.claim(KEY, LATER).orElseThrow().tally().part().storeId()).isNotEqualTo(id);
    }

    @Test
    void severalKeysShouldBeClaimedInOneCallEachWithItsOwnCounts() {
        List<TallyKey> keys = IntStream.range(0, 5).mapToObj(i -> new TallyKey(DAY, DomainName.of("d" + i + ".example"))).toList();
        keys.forEach(key -> add(List.of(
            new Session(key, Map.of(AppliedPolicy.none(key.domain()), Set.of())), failure(key, "at " + key.domain()))));
        store().postpone(store().claim(keys.get(1), LATER).orElseThrow(), NEXT_DAY);
        store().claim(keys.get(2), LATER);

        List<Claim> claims = store().claim(keys, LATER);

        assertThat(claims).extracting(claim -> claim.tally().key()).containsExactlyInAnyOrder(keys.get(0), keys.get(1), keys.get(3),
            keys.get(4));
        assertThat(claims).allSatisfy(claim -> {
            TallyKey key = claim.tally().key();
            assertThat(claim.fresh()).isEqualTo(!key.equals(keys.get(1)));
            assertThat(claim.tries()).isEqualTo(claim.fresh() ? 0 : 1);
            assertThat(claim.tally().sessions()).isEqualTo(2);
            assertThat(claim.tally().policies()).containsExactlyInAnyOrder(
                new PolicyTally(AppliedPolicy.none(key.domain()), 1, 0, Map.of()),
                new PolicyTally(sts(), 0, 1, Map.of(detail("at " + key.domain()), 1L)));
        });
        assertThat(store().claim(keys, LATER)).isEmpty();
    }

    @Test
    void severalClaimsShouldBeEndedInOneCallEachWithItsOwnResult() {
        List<TallyKey> keys = IntStream.range(0, 3).mapToObj(i -> new TallyKey(DAY, DomainName.of("d" + i + ".example"))).toList();
        add(keys.stream().map(TallyStoreContract::success).toList());
        List<Claim> claims = store().claim(keys, LATER);
        Claim heir = store().claim(keys.get(1), Due.finishedDays(NEXT_DAY.plus(Expiry.LEASE))).orElseThrow();

        assertThat(store().end(List.of(Claim.Result.discarded(claims.get(2)), Claim.Result.settled(claims.get(1), "sent"),
            Claim.Result.settled(claims.get(0), "sent")))).containsExactly(true, false, true);
        assertThat(claimable(Due.everything(NEXT_DAY.plus(Duration.ofDays(2))))).containsExactly(keys.get(1));
        assertThat(store().end(List.of(Claim.Result.settled(heir, "sent")))).containsExactly(true);
    }

    @Test
    void sessionCountedAfterItsDaysReportShouldBeClaimable() {
        add(List.of(success(KEY)));
        store().settle(store().claim(KEY, LATER).orElseThrow(), "sent");
        assertThat(claimable(LATER)).isEmpty();

        add(List.of(success(KEY)));
        assertThat(claimable(LATER)).containsExactly(KEY);
    }

    @Test
    void equalPoliciesOfSeveralDomainsShouldBeCountedSeparately() {
        List<TallyKey> keys = IntStream.range(0, 2).mapToObj(i -> new TallyKey(DAY, DomainName.of("d" + i + ".example"))).toList();
        AppliedPolicy shared = new AppliedPolicy(PolicyType.STS, keys.get(0).domain(), List.of("version: STSv1"), List.of());
        add(List.of(new Session(keys.get(0), Map.of(shared, Set.of())), new Session(keys.get(1), Map.of(shared, Set.of()))));

        assertThat(store().claim(keys, LATER)).hasSize(2)
            .allSatisfy(claim -> assertThat(claim.tally().policies()).extracting(PolicyTally::policy).containsExactly(shared));
    }

    @Test
    void partsWithManyDetailsShouldBeClaimedInSmallerBatches() {
        TallyLimits limits = new TallyLimits(4, 10, 20, 100, 1 << 28);
        TallyStore store = open(limits);
        List<TallyKey> keys = IntStream.range(0, 3).mapToObj(i -> new TallyKey(DAY, DomainName.of("d" + i + ".example"))).toList();
        List<Session> sessions = new ArrayList<>();
        keys.forEach(key -> IntStream.range(0, 1_500).forEach(i -> sessions.add(new Session(key,
            Map.of(AppliedPolicy.none(DomainName.of("p" + i / 100 + ".example")), Set.of(detail("reason " + i)))))));
        store.add(new WriteId("test", 1), counts(limits, sessions));

        List<TallyKey> claimed = new ArrayList<>();
        List<Claim> claims = store.claim(keys, LATER);
        while (!claims.isEmpty()) {
            assertThat(claims).allSatisfy(claim -> assertThat(claim.tally().policies()).hasSize(15)
                .allSatisfy(policy -> assertThat(policy.details()).hasSize(100)));
            claims.forEach(claim -> claimed.add(claim.tally().key()));
            claims = store.claim(keys, LATER);
        }
        assertThat(claimed).containsExactlyInAnyOrderElementsOf(keys);
    }
}
