package jamestls.bench;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.awaitility.Awaitility;

/** What mails that wait for slow hosts cost in memory: the heap of James after collections, at its highest. */
final class SlowHosts {

    private static final int MAILS = Integer.getInteger("bench.waiting", 10_000);
    private static final int SIZE = 2_048;
    /** Every answer comes so late. */
    private static final Duration LATE = Duration.ofSeconds(2);
    private static final Duration WATCHED = Duration.ofSeconds(30);

    private SlowHosts() {
    }

    /** Must be the last to use the relay: the mails are left where they are. */
    static Map<String, Object> measure(Sink sink, Relay.OfJames relay, int destinations) {
        long before = relay.james().heapAfterCollection();
        sink.roundTrip(LATE);
        sink.shut();
        long taken = sink.count().mails();
        relay.fill(MAILS, SIZE, destinations);
        sink.open();
        long[] highest = {0};
        long end = System.nanoTime() + WATCHED.toNanos();
        Awaitility.await().atMost(WATCHED.multipliedBy(2)).pollInterval(Duration.ofSeconds(2)).until(() -> {
            highest[0] = Math.max(highest[0], relay.james().heapAfterCollection());
            return System.nanoTime() > end;
        });
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("waiting_mails", MAILS);
        result.put("slow_hosts", destinations);
        result.put("answers_late_ms", LATE.toMillis());
        result.put("taken_meanwhile", sink.count().mails() - taken);
        result.put("heap_mb_before", before / 1_048_576);
        result.put("heap_mb_highest_after_collection", highest[0] / 1_048_576);
        System.out.println(result);
        return result;
    }
}
