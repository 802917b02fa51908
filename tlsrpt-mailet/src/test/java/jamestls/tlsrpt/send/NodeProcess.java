package jamestls.tlsrpt.send;

import static jamestls.tlsrpt.Samples.REPORTER;

import jamestls.fakeinternet.FakeDns;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.Rua;
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
 * One of several servers that report from one PostgreSQL, until it is killed. Its transport writes into a ledger, which outlives
 * it: {@code NODE REPORT-ID DESTINATION HASH}.
 *
 * <p>Arguments: PostgreSQL's URL, the ledger, its name, the time on its clock at the start, milliseconds that each handing over
 * takes, and the number of domains.
 */
final class NodeProcess {

    private NodeProcess() {
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        FileChannel ledger = FileChannel.open(Path.of(arguments[1]), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        Clock clock = new HastyClock(Instant.parse(arguments[3]));
        Stores stores = Stores.open(Optional.of(new DatabaseAddress.PostgreSql(arguments[0], "", "")), clock);
        FakeDns dns = FakeDns.answeringOnly(FakeDns.Question.TXT);
        NodesTest.domains(Integer.parseInt(arguments[5]))
            .forEach(domain -> dns.rua(domain, "v=TLSRPTv1;rua=mailto:r@" + domain + ",https://in." + domain + "/"));
        Duration effort = Duration.ofMillis(Long.parseLong(arguments[4]));
        Transports transports = new Transports((file, to) -> send(ledger, arguments[2], effort, file, to),
            (file, to) -> send(ledger, arguments[2], effort, file, to));
        RecordingMetricFactory metrics = new RecordingMetricFactory();
        ReportRun run = new ReportRun(ReportSettings.plain(REPORTER, metrics, clock), stores.tallies(), stores.reports(), dns, transports,
            new ReportLog(metrics), clock);
        new ReportTimer(run, TallyKey::endOfDay, () -> { }, () -> true, clock, Duration.ofMillis(50)).start();
        write(ledger, arguments[2] + " up");
        // a virtual thread keeps no process alive
        new CountDownLatch(1).await();
    }

    private static ReportTransport.Handover send(FileChannel ledger, String node, Duration effort, ReportFile file, Rua to) {
        String line = String.join(" ", node, file.report().id().toString(), to.uri(), Integer.toHexString(Arrays.hashCode(file.gzip())));
        try {
            write(ledger, line);
            // what takes time comes after the destination has it: the time in which a crash leaves things unknown
            boolean never = new CountDownLatch(1).await(effort.toMillis(), TimeUnit.MILLISECONDS);
            return never ? new ReportTransport.Failed("impossible") : new ReportTransport.Accepted();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void write(FileChannel ledger, String line) throws IOException {
        ledger.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.US_ASCII)));
    }

    /** Ten times as fast as the world, so that what waits five minutes for another try does not make a test wait for it. */
    private static final class HastyClock extends Clock {

        private final Instant start;
        private final long startNanos = System.nanoTime();

        HastyClock(Instant start) {
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
