package jamestls.mtasts.sts;

import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.MxRecord;
import jamestls.dns.Security;
import jamestls.dns.TlsaRecord;
import jamestls.https.HttpsFault;
import jamestls.https.HttpsRequest;
import jamestls.https.HttpsResult;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** One domain that publishes, or fails to; a clock to turn; and our policies looking at both. */
final class PolicyWorld {

    static final DomainName DOMAIN = DomainName.of("example.com");
    static final HttpsResult REFUSED = new HttpsResult.Failure(HttpsFault.CONNECT, "connection refused");
    private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");

    private final AtomicReference<Instant> now = new AtomicReference<>(START);
    private final Map<DomainName, DnsAnswer<String>> txt = new ConcurrentHashMap<>();
    private final AtomicReference<Supplier<HttpsResult>> host = new AtomicReference<>(() -> REFUSED);
    private final AtomicInteger fetches = new AtomicInteger();
    final StsWarnings alarms = new StsWarnings();
    final PolicyStore store;
    final StsPolicies policies;

    PolicyWorld() {
        this(new MemoryPolicyStore());
    }

    PolicyWorld(PolicyStore store) {
        this.store = store;
        policies = restarted();
    }

    /** What a new process over the same store has. */
    StsPolicies restarted() {
        return restartedOver(store);
    }

    /** Another process over another way to the same store. */
    StsPolicies restartedOver(PolicyStore store) {
        return new StsPolicies(new Txt(), new PolicyFetcher(this::exchange, PolicyFetcher.HTTPS_PORT, PolicyFetcher.USUAL_DEADLINE), store,
            RefreshSchedule.daily(new Random(7)), alarms, new Turned());
    }

    static String policy(StsPolicy.Mode mode, Duration maxAge) {
        return policy(mode, maxAge, "mail.example.com");
    }

    static String policy(StsPolicy.Mode mode, Duration maxAge, String mx) {
        return "version: STSv1\nmode: " + mode.wireName() + "\nmx: " + mx + "\nmax_age: " + maxAge.toSeconds() + "\n";
    }

    PolicyWorld publish(String id, String policy) {
        return host(page(policy)).txt("v=STSv1; id=" + id);
    }

    PolicyWorld txt(String... records) {
        return txtAt(DOMAIN, records);
    }

    PolicyWorld txtAt(DomainName domain, String... records) {
        txt.put(domain.child("_mta-sts"), new DnsAnswer.Found<>(List.of(records), Security.INSECURE, DOMAIN));
        return this;
    }

    PolicyWorld txtGone() {
        txt.clear();
        return this;
    }

    PolicyWorld txtFails(DnsAnswer<String> answer) {
        txt.put(DOMAIN.child("_mta-sts"), answer);
        return this;
    }

    PolicyWorld host(HttpsResult answer) {
        return hostDoes(() -> answer);
    }

    PolicyWorld hostDoes(Supplier<HttpsResult> whatever) {
        host.set(whatever);
        return this;
    }

    static HttpsResult page(String policy) {
        return new HttpsResult.Answer(200, Optional.of("text/plain"), policy.getBytes(StandardCharsets.UTF_8),
            InetAddress.getLoopbackAddress());
    }

    PolicyWorld pass(Duration time) {
        now.updateAndGet(then -> then.plus(time));
        return this;
    }

    Instant now() {
        return now.get();
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

    private final class Txt implements Dns {
        @Override
        public DnsAnswer<String> txt(DomainName name) {
            return txt.getOrDefault(name, new DnsAnswer.Absent<>(Security.INSECURE));
        }

        @Override
        public DnsAnswer<MxRecord> mx(DomainName domain) {
            throw new AssertionError("policies have no business with MX records");
        }

        @Override
        public DnsAnswer<InetAddress> addresses(DomainName name) {
            throw new AssertionError("policies have no business with addresses");
        }

        @Override
        public DnsAnswer<DomainName> cname(DomainName alias) {
            throw new AssertionError("policies have no business with aliases");
        }

        @Override
        public DnsAnswer<TlsaRecord> tlsa(DomainName owner) {
            throw new AssertionError("policies have no business with TLSA records");
        }
    }

    private final class Turned extends Clock {
        @Override
        public Instant instant() {
            return now.get();
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }
    }
}
