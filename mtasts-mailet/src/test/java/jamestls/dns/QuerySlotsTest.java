package jamestls.dns;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.DnsServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Name;

class QuerySlotsTest {

    private final AtomicLong nanos = new AtomicLong();
    private final QuerySlots slots = new QuerySlots(64, nanos::get);

    @Test
    void domainShouldHaveAnEighthOfThePlaces() throws Exception {
        List<QuerySlots.Slot> held = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            held.add(slots.acquire(name("n" + i + ".evil.example"), soon()).orElseThrow());
        }

        assertThat(slots.acquire(name("n9.evil.example"), soon())).isEmpty();
        assertThat(slots.acquire(name("good.example"), soon())).isPresent();
        held.getFirst().close();
        assertThat(slots.acquire(name("n9.evil.example"), soon())).isPresent();
    }

    @Test
    void zonesThatDoNotAnswerShouldHaveAnEighthTogether() throws Exception {
        for (int i = 0; i < 9; i++) {
            slots.unanswered(name("slow" + i + ".example"));
        }
        for (int i = 0; i < 8; i++) {
            assertThat(slots.acquire(name("slow" + i + ".example"), soon())).isPresent();
        }

        assertThat(slots.acquire(name("slow8.example"), soon())).isEmpty();
        assertThat(slots.acquire(name("good.example"), soon())).isPresent();
        slots.answered(name("slow8.example"));
        assertThat(slots.acquire(name("slow8.example"), soon())).isPresent();
    }

    @Test
    void silenceShouldBeForgottenAfterFiveMinutes() throws Exception {
        for (int i = 0; i < 9; i++) {
            slots.unanswered(name("slow" + i + ".example"));
        }
        nanos.addAndGet(Duration.ofMinutes(5).toNanos());

        for (int i = 0; i < 9; i++) {
            assertThat(slots.acquire(name("slow" + i + ".example"), soon())).isPresent();
        }
    }

    @Test
    void thousandSilentNamesShouldNotDelayAnHonestLookUp() throws Exception {
        try (DnsServer server = DnsServer.start(); ExecutorService asking = Executors.newVirtualThreadPerTaskExecutor()) {
            server.zone().mx("good.example", 10, "mx.good.example");
            DnsjavaDns dns = new DnsjavaDns(DnsSettings.of(List.of(server.address()))
                .within(Duration.ofSeconds(3), Duration.ofSeconds(12), 64, 20_000));
            List<CompletableFuture<?>> silent = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                DomainName name = DomainName.of("n" + i + ".evil.example");
                server.faults().set(name.ascii(), DnsFault.TIMEOUT);
                silent.add(CompletableFuture.runAsync(() -> dns.mx(name), asking));
            }

            // one that waited for all of the others would miss its deadline
            assertThat(dns.mx(DomainName.of("good.example"))).isInstanceOf(DnsAnswer.Found.class);

            assertThat(silent).anyMatch(look -> !look.isDone());
            asking.shutdownNow();
        }
    }

    private static Name name(String text) {
        return Name.fromConstantString(text + ".");
    }

    private static long soon() {
        return System.nanoTime() + Duration.ofMillis(20).toNanos();
    }

}
