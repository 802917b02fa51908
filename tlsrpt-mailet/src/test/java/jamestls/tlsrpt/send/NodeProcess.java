package jamestls.tlsrpt.send;

import static jamestls.tlsrpt.Samples.REPORTER;

import jamestls.fakeinternet.FakeDns;
import jamestls.rua.Rua;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.store.Stores;
import jamestls.tlsrpt.store.TallyKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.james.metrics.tests.RecordingMetricFactory;

/**
 * Process of one of several servers that report from one PostgreSQL database; it runs until it is killed. Its transport appends a line
 * {@code NODE REPORT-ID DESTINATION HASH} to a file for each report.
 *
 * <p>Arguments: URL of the database, the file, name of the node, start time of its clock, milliseconds per report and destination,
 * number of domains.
 */
final class NodeProcess {

    private NodeProcess() {
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        FileChannel log = FileChannel.open(Path.of(arguments[1]), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        Clock clock = new FastClock(Instant.parse(arguments[3]));
        Stores stores = Stores.open(Optional.of(new DatabaseAddress.PostgreSql(arguments[0], "", "")), clock);
        FakeDns dns = FakeDns.answeringOnly(FakeDns.Question.TXT);
        NodesTest.domains(Integer.parseInt(arguments[5]))
            .forEach(domain -> dns.rua(domain, "v=TLSRPTv1;rua=mailto:r@" + domain + ",https://in." + domain + "/"));
        Duration delay = Duration.ofMillis(Long.parseLong(arguments[4]));
        ReportTransport.ByScheme transports = new ReportTransport.ByScheme((file, to) -> send(log, arguments[2], delay, file, to),
            (file, to) -> send(log, arguments[2], delay, file, to));
        RecordingMetricFactory metrics = new RecordingMetricFactory();
        ReportRun run = new ReportRun(ReportRun.Settings.plain(REPORTER, metrics, clock), stores.tallies(), stores.reports(), dns,
            transports, new ReportLog(metrics), clock);
        new ReportTimer(run, TallyKey::endOfDay, () -> { }, () -> true, clock, Duration.ofMillis(50)).start();
        write(log, arguments[2] + " up");
        // virtual threads do not keep the process alive
        new CountDownLatch(1).await();
    }

    private static ReportTransport.Handover send(FileChannel log, String node, Duration delay, ReportFile file, Rua to) {
        String line = String.join(" ", node, file.report().id().toString(), to.uri(), Integer.toHexString(Arrays.hashCode(file.gzip())));
        try {
            write(log, line);
            // waits after the report was delivered: a crash now leaves the result unknown
            boolean never = new CountDownLatch(1).await(delay.toMillis(), TimeUnit.MILLISECONDS);
            return never ? new ReportTransport.Failed("impossible") : new ReportTransport.Accepted();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void write(FileChannel log, String line) throws IOException {
        log.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.US_ASCII)));
    }

    /** Clock that runs ten times as fast as real time, so that the test does not wait long for retries. */
    private static final class FastClock extends Clock {

        private final Instant start;
        private final long startNanos = System.nanoTime();

        FastClock(Instant start) {
            this.start = start;
        }

        @Override
        public Instant instant() {
            return start.plusNanos((System.nanoTime() - startNanos) * 10);
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
