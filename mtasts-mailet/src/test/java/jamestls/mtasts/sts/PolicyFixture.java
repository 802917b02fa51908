package jamestls.mtasts.sts;

import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.FakeDns;
import jamestls.fakeinternet.FakeDns.Question;
import jamestls.fakeinternet.SettableClock;
import jamestls.https.HttpsFault;
import jamestls.https.HttpsRequest;
import jamestls.https.HttpsResult;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** One domain that publishes, or fails to; a clock to turn; and our policies looking at both. */
final class PolicyFixture {

    static final DomainName DOMAIN = DomainName.of("example.com");
    static final HttpsResult REFUSED = new HttpsResult.Failure(HttpsFault.CONNECT, "connection refused");
    private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");

    private final SettableClock clock = new SettableClock(START);
    private final FakeDns dns = FakeDns.answeringOnly(Question.TXT);
    private final AtomicReference<Supplier<HttpsResult>> host = new AtomicReference<>(() -> REFUSED);
    private final AtomicInteger fetches = new AtomicInteger();
    final StsWarnings alarms = new StsWarnings();
    final PolicyStore store;
    final StsPolicies policies;

    PolicyFixture() {
        this(new MemoryPolicyStore());
    }

    PolicyFixture(PolicyStore store) {
        this.store = store;
        policies = restarted();
    }

    /** What a new process over the same store has. */
    StsPolicies restarted() {
        return restartedOver(store);
    }

    /** Another process over another way to the same store. */
    StsPolicies restartedOver(PolicyStore store) {
        return new StsPolicies(dns, new PolicyFetcher(this::exchange, PolicyFetcher.HTTPS_PORT, PolicyFetcher.USUAL_DEADLINE), store,
            RefreshSchedule.daily(new Random(7)), alarms, clock);
    }

    static String policy(StsPolicy.Mode mode, Duration maxAge) {
        return policy(mode, maxAge, "mail.example.com");
    }

    static String policy(StsPolicy.Mode mode, Duration maxAge, String mx) {
        return "version: STSv1\nmode: " + mode.wireName() + "\nmx: " + mx + "\nmax_age: " + maxAge.toSeconds() + "\n";
    }

    PolicyFixture publish(String id, String policy) {
        return host(page(policy)).txt("v=STSv1; id=" + id);
    }

    PolicyFixture txt(String... records) {
        return txtAt(DOMAIN, records);
    }

    PolicyFixture txtAt(DomainName domain, String... records) {
        dns.txt(domain.child("_mta-sts"), List.of(records));
        return this;
    }

    PolicyFixture txtGone() {
        dns.clear();
        return this;
    }

    PolicyFixture txtFails(DnsAnswer<String> answer) {
        dns.answer(Question.TXT, DOMAIN.child("_mta-sts"), answer);
        return this;
    }

    PolicyFixture host(HttpsResult answer) {
        return hostDoes(() -> answer);
    }

    PolicyFixture hostDoes(Supplier<HttpsResult> whatever) {
        host.set(whatever);
        return this;
    }

    static HttpsResult page(String policy) {
        return new HttpsResult.Answer(200, Optional.of("text/plain"), policy.getBytes(StandardCharsets.UTF_8),
            InetAddress.getLoopbackAddress());
    }

    PolicyFixture pass(Duration time) {
        clock.advance(time);
        return this;
    }

    Instant now() {
        return clock.instant();
    }

    int fetches() {
        return fetches.get();
    }

    StsLookup lookup() {
        return policies.lookup(DOMAIN);
    }

    /** A round of the refresher, in this thread. */
    void refresh() {
        try (PolicyRefresher refresher = new PolicyRefresher(policies)) {
            refresher.refreshDue();
        }
    }

    private HttpsResult exchange(HttpsRequest request) {
        fetches.incrementAndGet();
        return host.get().get();
    }
}
