package jamestls.mtasts;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The vectors that tell a story rather than give an input: each is played by a test that exists, or is none of ours for a
 * reason. A vector that comes in has to be given its line here.
 */
class ScenarioVectorsTest {

    private static final List<String> AREAS = List.of("sts_evaluate", "policy_cache", "prefetch_schedule", "downgrade_alarm", "nexthop_key",
        "tls_failure_class", "opportunistic", "requiretls", "requiretls_policy", "mx_resolution", "txt_lookup");

    /** Vector, then the test: class below this package, and method. */
    private static final String PLAYED = """
        sts_evaluate/cache-store-outage sts.CachingPolicyStoreTest#policyInUseShouldApplyWhileTheStoreIsDown
        sts_evaluate/enforce-mismatch-no-connection-made policy.VerdictTest#enforceShouldForbidConnectingToAnUnlistedHost
        sts_evaluate/enforce-ok delivery.DeliveryTest#enforceShouldDeliverOverVerifiedTls
        sts_evaluate/fails-closed-when-only-policy-is-supplied delivery.DeliveryTest#policyThatDriftedUnderAnUnchangedIdShouldBeFetchedAgain
        sts_evaluate/kumo-enforce-none-match delivery.DeliveryTest#policyThatDriftedUnderAnUnchangedIdShouldBeFetchedAgain
        sts_evaluate/kumo-enforce-partial delivery.DeliveryTest#enforceShouldSkipMxThatPolicyDoesNotList
        sts_evaluate/kumo-none sts.StsPoliciesTest#publishedPolicyShouldBeFoundInEveryMode
        sts_evaluate/mx-authorised-tls-ok delivery.DeliveryTest#enforceShouldDeliverOverVerifiedTls
        sts_evaluate/mx-not-authorised delivery.DeliveryTest#enforceShouldSkipMxThatPolicyDoesNotList
        sts_evaluate/testing-cleartext policy.VerdictTest#verdictShouldFollowTheTable
        sts_evaluate/testing-mismatch-connects-and-logs delivery.DeliveryTest#testingShouldDeliverAndRecordTheFailure
        policy_cache/64-concurrent-lookups-during-negative-ttl sts.StsPoliciesTest#thousandDeliveriesToADeadPolicyHostShouldMakeOneFetch
        policy_cache/aggressive-refetch-retry-interval sts.PolicyAgeTest#failedFetchShouldBeRepeatedAfterFiveMinutesWhateverMaxAge
        policy_cache/background-refresh-updates-before-expiry sts.PolicyRefresherTest#refreshedPolicyShouldOutliveTheFirstMaxAge
        policy_cache/dane-temp-never-falls-to-sts delivery.DaneDeliveryTest#failingLookupShouldCostOneHostAndNotTheMail
        policy_cache/eviction-removes-no-policy-entries-first sts.PolicyAgeTest#domainsWithoutPolicyShouldDriveNoPolicyOut
        policy_cache/failed-fetch-not-repeated-within-5-min sts.StsPoliciesTest#failedFetchShouldNotBeRepeatedWithinFiveMinutesForTheSameId
        policy_cache/id-change-refetches-before-expiry sts.StsPoliciesTest#newIdShouldCountAtTheNextDelivery
        policy_cache/id-rolled-fetch-refused-keeps-enforce sts.StsPoliciesTest#failedRefetchShouldKeepThePolicyAndReportTheProblem
        policy_cache/max-age-0-not-cached sts.StsPoliciesTest#maxAgeZeroShouldApplyOnceAndReplaceWhatWasCached
        policy_cache/max-age-1-kept sts.PolicyAgeTest#policyShouldBeFetchedAgainOnceItIsAsOldAsMaxAge
        policy_cache/miss-then-hit-then-expired-refetch sts.PolicyAgeTest#policyShouldBeFetchedAgainOnceItIsAsOldAsMaxAge
        policy_cache/one-second-max-age-refetched-after-expiry sts.PolicyAgeTest#policyShouldBeFetchedAgainOnceItIsAsOldAsMaxAge
        policy_cache/refetched-at-101s-of-100s sts.PolicyAgeTest#policyShouldBeFetchedAgainOnceItIsAsOldAsMaxAge
        policy_cache/mx-moved-id-changed-inside-max-age sts.StsPoliciesTest#newIdShouldCountAtTheNextDelivery
        policy_cache/mx-moved-id-not-changed sts.RecheckTest#recheckShouldFindAPolicyThatChangedUnderTheSameId
        policy_cache/newer-upsert-replaces sts.PolicyStoreContract#laterFetchShouldReplaceTheEarlierOneWhateverTheOrder
        policy_cache/proactive-new-id-downloads-body sts.PolicyAgeTest#refreshShouldTakeTheNewIdAndItsPolicy
        policy_cache/proactive-respects-freshness-grace sts.PolicyRefresherTest#policyShouldBeRefreshedOnceWithinADay
        policy_cache/refresh-skips-recently-updated sts.PolicyRefresherTest#policyShouldBeRefreshedOnceWithinADay
        policy_cache/refresh-is-spread-over-time sts.RefreshScheduleTest#refreshShouldComeWithinADayAndTheFirstHalfOfMaxAge
        policy_cache/same-id-is-fresh sts.StsPoliciesTest#sameIdShouldNotBeFetchedAgainBeforeThePolicyExpires
        policy_cache/saving-does-not-block-readers sts.PolicyAgeTest#readersShouldNotWaitForAWriter
        policy_cache/single-flight-8-callers sts.StsPoliciesTest#thousandDeliveriesToAColdDomainShouldMakeOneFetch
        policy_cache/stale-snapshot-write-refused sts.PolicyStoreContract#laterFetchShouldReplaceTheEarlierOneWhateverTheOrder
        policy_cache/txt-removed-but-cache-valid sts.StsPoliciesTest#absenceOfTheRecordShouldNotRemoveThePolicy
        policy_cache/txt-replaced-by-unrelated-keeps-enforce sts.PolicyAgeTest#recordReplacedByAnUnrelatedOneShouldNotRemoveThePolicy
        policy_cache/upsert-then-lookup sts.PolicyStoreContract#storeShouldGiveBackWhatItWasGiven
        prefetch_schedule/expired-policy-not-prefetched sts.PolicyStoreContract#dueShouldBeWhatIsUsedAndNotExpiredAndLongestDueFirst
        prefetch_schedule/retry-1 sts.RefreshScheduleTest#failureShouldBeRetriedLaterThanTheBackOffAndWithinTheHour
        nexthop_key/snawoot-good.loc delivery.DeliveryTest#enforceShouldDeliverOverVerifiedTls
        nexthop_key/snawoot-testing.loc delivery.DeliveryTest#testingShouldDeliverAndRecordTheFailure
        tls_failure_class/mox-host-mismatch policy.CertificateCheckTest#otherNameShouldBeAHostMismatch
        tls_failure_class/mox-protocol-version smtp.SessionSetupTest#handshakeWithoutCommonProtocolShouldFailWithItsCause
        tls_failure_class/mox-untrusted policy.CertificateCheckTest#selfSignedAndStrangersCertificatesShouldNotBeTrusted
        opportunistic/starttls-not-advertised-must-not-be-sent policy.VerdictTest#verdictShouldFollowTheTable
        requiretls/maddy-not-offered delivery.DeliveryTest#requireTlsShouldBounceWhereTheKeywordIsMissing
        requiretls/maddy-relaxed-no-mx-authentication delivery.DeliveryTest#requireTlsShouldBounceWhereNothingAuthenticatesTheHost
        requiretls/maddy-relaxed-tls-error policy.VerdictTest#verdictShouldFollowTheTable
        requiretls/opportunistic-broken-tls-falls-back delivery.DeliveryTest#brokenTlsShouldBeFollowedByClearTextWithoutPolicy
        requiretls/requiretls-no-dane-no-mta-sts delivery.DeliveryTest#requireTlsShouldBounceWhereNothingAuthenticatesTheHost
        requiretls/tls-required-no-with-broken-tls delivery.DeliveryTest#waivedTlsShouldDeliverWhateverThePolicySaysAndNotBeCounted
        requiretls/postfix-no-header-policy-none policy.VerdictTest#verdictShouldFollowTheTable
        mx_resolution/kumo-no-mx-only-a-punycode delivery.DeliveryTest#domainWithoutMxShouldBeItsOwnHost
        mx_resolution/maddy-all-mx-down delivery.DeliveryTest#requireTlsShouldWaitWhileTheHostIsDown
        mx_resolution/mox-cname dns.DnsjavaDnsTest#cnamesShouldBeFollowed
        mx_resolution/mox-host-cname-loop dns.DnsjavaDnsTest#cnameCircleShouldFail
        mx_resolution/mox-host-temporary-error dns.DnsjavaDnsTest#addressesShouldFailWhenOneFamilyIsAbsentAndTheOtherUnknown
        mx_resolution/mox-only-a delivery.DeliveryTest#domainWithoutMxShouldBeItsOwnHost
        mx_resolution/mox-only-aaaa mx.DestinationsTest#provableAbsenceShouldMakeTheDomainItsOwnHost
        mx_resolution/mox-two-mx mx.DestinationsTest#equalPreferenceShouldBeShuffled
        mx_resolution/mxconnect-all-null mx.DestinationsTest#nullMxShouldMeanThatNoMailIsTaken
        mx_resolution/mxconnect-fallback-servfail delivery.DeliveryTest#domainThatDoesNotExistShouldFailAtOnceButAnErrorNever
        mx_resolution/mxconnect-mx-nodata-a-fallback mx.DestinationsTest#provableAbsenceShouldMakeTheDomainItsOwnHost
        mx_resolution/mxconnect-null-mx-beside-real mx.DestinationsTest#nullMxBesideRealOnesShouldBeIgnored
        mx_resolution/mxconnect-null-mx-no-a-fallback delivery.DeliveryTest#nullMxShouldFailAtOnce
        mx_resolution/mxconnect-null-mx-rejected delivery.DeliveryTest#nullMxShouldFailAtOnce
        txt_lookup/a-record-exists-but-no-txt-data dns.DnsjavaDnsTest#unknownNameAndOtherTypeShouldBeAbsent
        txt_lookup/dns-server-never-answers dns.DnsjavaDnsTest#faultOfEveryServerShouldBeAFailureThatSaysWhere
        txt_lookup/one-good-one-unrelated sts.PolicyAgeTest#unrelatedRecordBesideAGoodOneShouldNotMatter
        txt_lookup/one-sts-record-with-bad-syntax sts.StsPoliciesTest#unusableRecordShouldBeNoPolicyWithoutFetch
        txt_lookup/policy-url-form sts.PolicyFetcherTest#requestShouldGoToThePolicyHostWithinBounds
        txt_lookup/single-record sts.StsPoliciesTest#publishedPolicyShouldBeFoundInEveryMode
        txt_lookup/temporary-dns-error sts.StsPoliciesTest#failingDnsShouldNotRemoveThePolicy
        """;

    /** Vector, then why nothing here can play it. */
    private static final String NOT_OURS = """
        sts_evaluate/kumo-port-suffix-stripped                   names of hosts come from DNS, where they have no port
        sts_evaluate/testing-mismatch-with-local-minimum-mtasts  there is no local minimum; REQUIRETLS is what asks for more
        policy_cache/negative-ttl-configurable-30-min            RFC 8461 §3.3: five minutes, and it is not configurable
        policy_cache/oversize-max-age-clamped-not-expired        RFC 8461 §3.2: such a policy is invalid (StsPolicyTest)
        downgrade_alarm/TEMP-to-none                             DANE is looked up anew; what is compared are kept policies
        downgrade_alarm/dane-to-dane-only                        DANE is looked up anew; what is compared are kept policies
        downgrade_alarm/dane-to-none                             DANE is looked up anew; what is compared are kept policies
        downgrade_alarm/dane-to-sts                              DANE is looked up anew; what is compared are kept policies
        nexthop_key/snawoot-.good.loc                            a parent's entry in a table of Postfix; domains have no leading dot
        nexthop_key/snawoot-good.loc:123                         a next hop of Postfix; the policy domain is a domain alone
        opportunistic/local-minimum-encrypted-handshake-error    there is no local minimum
        opportunistic/local-minimum-encrypted-starttls           there is no local minimum
        requiretls/support-knowledge-recorded                    RFC 8689 §5 leaves it to the sender; nothing is remembered here
        requiretls_policy/bad-u-label-is-enforce                 a table of the administrator's for REQUIRETLS, which is not built
        requiretls_policy/closest-parent-wins                    a table of the administrator's for REQUIRETLS, which is not built
        requiretls_policy/composite-value-is-error               a table of the administrator's for REQUIRETLS, which is not built
        requiretls_policy/table-lookup-failure                   a table of the administrator's for REQUIRETLS, which is not built
        requiretls_policy/u-label-query-converted                a table of the administrator's for REQUIRETLS, which is not built
        mx_resolution/mox-ip-literal                             an address literal is no domain name (DomainNameVectorsTest)
        """;

    @Test
    void everyStoryShouldBePlayedOrBeNoneOfOursForAReason() {
        Set<String> vectors = AREAS.stream().flatMap(area -> Vectors.of(area).stream().map(vector -> area + "/" + vector.name()))
            .collect(Collectors.toSet());

        assertThat(Stream.concat(names(PLAYED), names(NOT_OURS))).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(vectors);
    }

    static Stream<String> tests() {
        return PLAYED.lines().map(line -> line.split("\\s+")[1]).distinct();
    }

    @ParameterizedTest
    @MethodSource("tests")
    void testShouldExist(String test) throws ClassNotFoundException {
        String[] parts = test.split("#");

        assertThat(Arrays.stream(classOf(parts[0]).getDeclaredMethods()).map(method -> method.getName())).contains(parts[1]);
    }

    /** A package is below the mailet's, or beside it. */
    private static Class<?> classOf(String name) throws ClassNotFoundException {
        try {
            return Class.forName("jamestls.mtasts." + name);
        } catch (ClassNotFoundException e) {
            return Class.forName("jamestls." + name);
        }
    }

    private static Stream<String> names(String table) {
        return table.lines().map(line -> line.split("\\s+")[0]);
    }
}
