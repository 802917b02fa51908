package jamestls.bench;

import jamestls.james.BenchServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import org.awaitility.Awaitility;

/** Something that sends queued mail to the sink. */
interface Relay {

    Duration PATIENCE = Duration.ofMinutes(5);
    /** The time it takes to see the last mail adds to the time measured; looking takes from the processors that are measured. */
    Duration LOOK = Duration.ofMillis(5);

    /** As it is called in the results. */
    String name();

    /** Queues so many mails of about that size to bob@d0.bench.example, bob@d1.bench.example and so on, in turn. */
    void fill(int mails, int size, int destinations);

    /**
     * Sends what is queued while the sink holds back its answers.
     *
     * @param total what the sink will have counted then
     * @return the time from the moment the sink answers to the last mail
     */
    default Duration send(Sink sink, long total) {
        long start = System.nanoTime();
        sink.open();
        Awaitility.await(name()).atMost(PATIENCE).pollDelay(Duration.ZERO).pollInterval(LOOK).until(() -> sink.count().mails() >= total);
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /** What it has used of the processors so far; zero where that can't be told. */
    Duration cpu();

    /** A mail server of its own. */
    interface Server extends Relay, AutoCloseable {

        @Override
        void close();
    }

    /** A mailet of James, by the name of its queue. */
    record OfJames(String name, BenchServer james, HttpClient http) implements Relay {

        @Override
        public void fill(int mails, int size, int destinations) {
            Injection.mails(james.injectionPort(), name, mails, size, destinations);
            Awaitility.await("the filling of the queue").atMost(PATIENCE).pollDelay(Duration.ofMillis(700))
                .until(() -> state("spool").contains("\"size\":0"));
        }

        @Override
        public Duration cpu() {
            return james.cpu();
        }

        private String state(String queue) throws IOException, InterruptedException {
            return http.send(HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + james.webadminPort() + "/mailQueues/" + queue)).build(), BodyHandlers.ofString()).body();
        }
    }
}
