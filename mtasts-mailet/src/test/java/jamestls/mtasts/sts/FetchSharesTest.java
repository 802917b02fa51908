package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.AddressGuard;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.PolicyHost;
import jamestls.fakeinternet.TestCa;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsSettings;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Many domains whose policies are at one address that never answers, beside honest ones, through real sockets. */
@Tag("slow")
class FetchSharesTest {

    private static final TestCa CA = TestCa.create("Policy Root");
    private static final String POLICY = "version: STSv1\nmode: enforce\nmx: mail.example.com\nmax_age: 86400\n";
    private static final int HONEST = 10;

    private final DnsServer zone = DnsServer.start();
    private final PolicyHost honest = PolicyHost.start();
    private final PolicyHost tarpit = PolicyHost.start("127.0.0.2", honest.port()).door(PolicyHost.Door.STALLED);
    private final DnsjavaDns dns = new DnsjavaDns(DnsSettings.of(List.of(zone.address())));
    private final GuardedHttpsClient https = new GuardedHttpsClient(dns,
        new HttpsSettings(Optional.of(CA.trustStore()), AddressGuard.anywhere()));
    private final MemoryPolicyStore store = new MemoryPolicyStore();
    private final StsPolicies policies = new StsPolicies(dns, new PolicyFetcher(https, honest.port()), store,
        RefreshSchedule.daily(new Random(7)), new StsWarnings(), Clock.systemUTC());
    private final List<CompletableFuture<?>> hostile = new ArrayList<>();

    @BeforeEach
    void publish() {
        IntStream.range(0, 300).forEach(i -> publish(hostileDomain(i), "127.0.0.2"));
        for (int i = 0; i < HONEST; i++) {
            publish(honestDomain(i), "127.0.0.1");
            String host = "mta-sts." + honestDomain(i);
            honest.serve(host, CA.issue(host), HttpAnswer.policy(POLICY));
        }
    }

    private void publish(DomainName domain, String address) {
        zone.zone().txt("_mta-sts." + domain, "v=STSv1; id=2").a("mta-sts." + domain, address);
    }

    @AfterEach
    void stop() {
        https.close();
        tarpit.close();
        honest.close();
        hostile.forEach(CompletableFuture::join);
        zone.close();
    }

    @Test
    void deliveriesShouldNotWaitForPoliciesAtAnAddressThatDoesNotAnswer() {
        IntStream.range(0, 300).forEach(i ->
            hostile.add(CompletableFuture.runAsync(() -> policies.lookup(hostileDomain(i)), Thread::startVirtualThread)));
        await().until(() -> tarpit.openConnections() == 8);

        long since = System.nanoTime();
        for (int i = 0; i < HONEST; i++) {
            assertThat(policies.lookup(honestDomain(i))).isInstanceOf(StsLookup.Found.class);
        }

        assertThat(Duration.ofNanos(System.nanoTime() - since)).isLessThan(PolicyFetcher.USUAL_DEADLINE);
        assertThat(tarpit.connections()).as("an eighth of 64").isEqualTo(8);
    }

    @Test
    void refreshesShouldNotWaitForPoliciesAtAnAddressThatDoesNotAnswer() {
        Instant due = Instant.now().minusSeconds(1_000);
        IntStream.range(0, 100).forEach(i -> store.save(stored(hostileDomain(i), due)));
        IntStream.range(0, HONEST).forEach(i -> store.save(stored(honestDomain(i), due.plusSeconds(100))));
        PolicyRefresher refresher = new PolicyRefresher(policies);
        hostile.add(CompletableFuture.runAsync(refresher::refreshDue, Thread::startVirtualThread));

        await().until(() -> honest.requests().size() == HONEST);

        assertThat(hostile).as("the round is not over").noneMatch(CompletableFuture::isDone);
        await().untilAsserted(() -> assertThat(tarpit.connections()).as("an eighth of 32").isEqualTo(4));
        // the others are due again within an hour, which is no failure
        await().untilAsserted(() ->
            assertThat(IntStream.range(0, 100).mapToObj(i -> store.find(hostileDomain(i)).orElseThrow())
                .filter(policy -> policy.refreshAt().isAfter(due.plusSeconds(1_000 + 29 * 60)))).hasSizeGreaterThan(50)
                .allMatch(policy -> policy.failure().isEmpty() && policy.refreshAt().isBefore(Instant.now().plus(Duration.ofHours(1)))));
        refresher.close();
    }

    private static StoredPolicy stored(DomainName domain, Instant due) {
        StoredPolicy before = PolicyStoreContract.stored(domain.ascii(), "2", due);
        return new StoredPolicy(domain, "2", before.policy(), new StoredPolicy.Times(due, due, due, due), Optional.empty());
    }

    private static DomainName hostileDomain(int i) {
        return DomainName.of("d" + i + ".hostile.example");
    }

    private static DomainName honestDomain(int i) {
        return DomainName.of("honest" + i + ".example");
    }
}
