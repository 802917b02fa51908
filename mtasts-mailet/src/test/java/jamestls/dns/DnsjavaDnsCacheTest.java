package jamestls.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DnsAnswer.Absent;
import jamestls.dns.DnsAnswer.Failed;
import jamestls.dns.DnsAnswer.Found;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.DnsServer;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DnsjavaDnsCacheTest {

    private static final DomainName NAME = DomainName.of("_mta-sts.good.example");

    private final DnsServer server = DnsServer.start();
    private final AtomicLong nanos = new AtomicLong();
    private final DnsjavaDns dns = dns(64);

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void answerShouldBeKeptForItsTtl() {
        server.zone().ttl(120).txt(NAME.ascii(), "one");

        dns.txt(NAME);
        pass(Duration.ofSeconds(119));
        assertThat(dns.txt(NAME)).isInstanceOf(Found.class);
        assertThat(asked()).isEqualTo(1);

        pass(Duration.ofSeconds(1));
        dns.txt(NAME);
        assertThat(asked()).isEqualTo(2);
    }

    @Test
    void answerShouldBeKeptNoLongerThanTheAliasThatLedToIt() {
        server.zone().ttl(30).cname(NAME.ascii(), "policy.example").ttl(300).txt("policy.example", "one");

        dns.txt(NAME);
        pass(Duration.ofSeconds(29));
        dns.txt(NAME);
        assertThat(asked()).isEqualTo(1);

        pass(Duration.ofSeconds(1));
        dns.txt(NAME);
        assertThat(asked()).isEqualTo(2);
    }

    @Test
    void keptAnswerShouldBeHandedOutAsItIs() {
        server.zone().ttl(120).txt(NAME.ascii(), "one");

        assertThat(dns.txt(NAME)).isSameAs(dns.txt(NAME));
    }

    @Test
    void answerShouldBeKeptForAnHourAtMost() {
        server.zone().ttl(86_400).txt(NAME.ascii(), "one");

        dns.txt(NAME);
        pass(Duration.ofMinutes(60));
        dns.txt(NAME);

        assertThat(asked()).isEqualTo(2);
    }

    @Test
    void zeroTtlShouldNotBeKept() {
        server.zone().ttl(0).txt(NAME.ascii(), "one");

        dns.txt(NAME);
        dns.txt(NAME);

        assertThat(asked()).isEqualTo(2);
    }

    @Test
    void absenceShouldBeKeptAsTheSoaSaysButForFiveMinutesAtMost() {
        server.zone().negativeTtl(86_400);

        assertThat(dns.txt(NAME)).isInstanceOf(Absent.class);
        pass(Duration.ofSeconds(299));
        dns.txt(NAME);
        assertThat(asked()).isEqualTo(1);

        pass(Duration.ofSeconds(1));
        server.zone().txt(NAME.ascii(), "one");
        assertThat(dns.txt(NAME)).isInstanceOf(Found.class);
    }

    @Test
    void failureShouldBeKeptForAMomentOnly() {
        server.zone().txt(NAME.ascii(), "one");
        server.faults().set(NAME.ascii(), DnsFault.SERVFAIL);
        assertThat(dns.txt(NAME)).isInstanceOf(Failed.class);

        server.faults().clear(NAME.ascii());
        pass(Duration.ofSeconds(1));

        assertThat(dns.txt(NAME)).isInstanceOf(Found.class);
    }

    @Test
    void sameQuestionShouldBeAskedOnceAtATime() throws Exception {
        server.zone().ttl(0).txt(NAME.ascii(), "one");
        server.faults().delay(NAME.ascii(), Duration.ofSeconds(1));

        List<DnsAnswer<String>> answers = allAtOnce(IntStream.range(0, 50).<Callable<DnsAnswer<String>>>mapToObj(i -> () -> dns.txt(NAME)));

        assertThat(answers).hasSize(50).allSatisfy(answer -> assertThat(answer).isInstanceOf(Found.class));
        assertThat(asked()).isLessThan(5);
    }

    @Test
    void moreQuestionsThanSlotsShouldWaitTheirTurn() throws Exception {
        DnsjavaDns narrow = dns(4);
        IntStream.range(0, 200).forEach(i -> server.zone().txt("n" + i + ".example", "text"));

        List<DnsAnswer<String>> answers = allAtOnce(
            IntStream.range(0, 200).<Callable<DnsAnswer<String>>>mapToObj(i -> () -> narrow.txt(DomainName.of("n" + i + ".example"))));

        assertThat(answers).hasSize(200).allSatisfy(answer -> assertThat(answer).isInstanceOf(Found.class));
    }

    @Test
    void lookUpShouldEndByItsDeadlineWhenNoSlotGetsFree() {
        DnsjavaDns narrow = new DnsjavaDns(
            DnsSettings.of(List.of(server.address())).within(Duration.ofSeconds(2), Duration.ofSeconds(2), 1, 10));
        server.faults().set("silent.example", DnsFault.TIMEOUT);
        Thread.startVirtualThread(() -> narrow.txt(DomainName.of("silent.example")));
        await().until(() -> server.queries("silent.example", "TXT") == 1);

        long start = System.nanoTime();
        assertThat(narrow.txt(DomainName.of("other.example"))).isInstanceOf(DnsAnswer.class);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
    }

    private DnsjavaDns dns(int concurrentQueries) {
        return new DnsjavaDns(DnsSettings.of(List.of(server.address()))
            .within(Duration.ofSeconds(3), Duration.ofSeconds(9), concurrentQueries, 1000), Clock.systemUTC(), nanos::get);
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    private long asked() {
        return server.queries(NAME.ascii(), "TXT");
    }

    private static <T> List<T> allAtOnce(Stream<Callable<T>> tasks) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<T>> futures = tasks.map(threads::submit).toList();
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return results;
        }
    }
}
