package jamestls.mtasts.waiting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.mtasts.waiting.WaitingIndex.Abandoned;
import jamestls.mtasts.waiting.WaitingIndex.Claimed;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.james.mailrepository.api.MailKey;
import org.apache.james.mailrepository.api.MailRepository;
import org.apache.mailet.Mail;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** 100,000 mails that wait cost the database, not this server. */
@Tag("slow")
class ManyWaitingMailsTest extends WaitingFixture {

    private static final int MAILS = 100_000;

    @Test
    void heapShouldNotDependOnHowManyWaitAndClaimsShouldBeQuick() throws Exception {
        long few = heapWhileServing();
        sql("INSERT INTO waiting_mail (queue, name, repository, domains, next, requested, published, misses, parked) "
            + "SELECT 'outgoing', 'Mail' || n || '-w1-000000000000', '" + URL + "', ARRAY['d' || n % 1000 || '.example'], "
            + "(EXTRACT(EPOCH FROM now()) * 1000)::BIGINT + n * 100, FALSE, FALSE, 0, 0 FROM generate_series(1, " + MAILS + ") AS n");
        assertThat(heapWhileServing() - few).as("more heap with 100,000 waiting mails").isLessThan(10_000_000);

        elapse(Duration.ofHours(10));
        List<String> full = IntStream.range(0, 100).mapToObj(i -> "d" + i + ".example").toList();
        long[] claims = IntStream.range(0, 20).mapToLong(i -> {
            long begun = System.nanoTime();
            List<Claimed> claimed = index.claim("one", Resumer.LEASE, Abandoned.TOO, full, 200);
            assertThat(claimed).hasSize(200);
            index.published(claimed.stream().map(Claimed::name).toList());
            index.forget(claimed.stream().map(Claimed::name).toList());
            return System.nanoTime() - begun;
        }).sorted().toArray();
        assertThat(Duration.ofNanos(claims[claims.length / 2])).as("claiming and forgetting 200 of 100,000: " + Arrays.toString(claims))
            .isLessThan(Duration.ofSeconds(3));
        System.out.printf("waiting: 200 of %,d claimed and forgotten in %d ms (median), table and indexes %,d bytes%n", MAILS,
            claims[claims.length / 2] / 1_000_000, number("SELECT pg_total_relation_size('waiting_mail')"));
    }

    /** A crowd that is due at once, on two servers. */
    @Test
    void crowdShouldBeResumedOnceEach() throws Exception {
        int crowd = 5_000;
        Mail one = mail("Mail", "bob@a.example");
        mails.store(one);
        MailRepository copies = (MailRepository) Proxy.newProxyInstance(getClass().getClassLoader(),
            new Class<?>[] {MailRepository.class}, (self, method, arguments) -> {
                if (method.getName().equals("retrieve")) {
                    Mail mail = mails.retrieve(new MailKey("Mail"));
                    mail.setName(((MailKey) arguments[0]).asString());
                    return mail;
                }
                return null;
            });
        sql("INSERT INTO waiting_mail (queue, name, repository, domains, next, requested, published, misses, parked) "
            + "SELECT 'outgoing', 'Mail' || n || '-w1-000000000000', '" + URL + "', ARRAY['a.example'], 0, FALSE, FALSE, 0, 0 "
            + "FROM generate_series(1, " + crowd + ") AS n");
        long begun = System.nanoTime();
        server(UNBOUNDED, copies);
        server(UNBOUNDED, copies);

        await().atMost(Duration.ofMinutes(2)).until(() -> queue.published.get() >= crowd);
        long millis = (System.nanoTime() - begun) / 1_000_000;
        await().atMost(Duration.ofMinutes(1)).until(() -> index.counts().waiting() == 0);
        assertThat(queue.published.get()).isEqualTo(crowd);
        assertThat(Set.copyOf(queue.mails().stream().map(Mail::getName).toList())).hasSize(crowd);
        System.out.printf("waiting: %,d due mails put back by two servers in %d ms%n", crowd, millis);
    }

    private long heapWhileServing() throws Exception {
        CountDownLatch counted = new CountDownLatch(1);
        AtomicInteger looks = new AtomicInteger();
        WaitingRepository waiting = parking();
        waiting.start(new WaitingRepository.Capacity() {
            @Override
            public int free() {
                if (looks.incrementAndGet() == 3) {
                    counted.countDown();
                }
                return 1_000;
            }

            @Override
            public int free(String domain) {
                return 1_000;
            }

            @Override
            public Set<String> full() {
                return Set.of();
            }
        });
        counted.await();
        System.gc();
        long used = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
        waiting.close();
        return used;
    }
}
