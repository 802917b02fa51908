package jamestls.tlsrpt.collect;

import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.peer;
import static jamestls.tlsrpt.Samples.sts;

import jamestls.dns.DomainName;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.store.SqlTallyStore;
import jamestls.tlsrpt.store.Stores;
import jamestls.tlsrpt.store.TallyLimits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.apache.james.metrics.tests.RecordingMetricFactory;

/**
 * Process that counts sessions as fast as it can until it is killed. It appends {@code begin ID} to a file before it records a session,
 * and {@code done ID} when the call has returned.
 *
 * <p>Arguments: a SQLite file or PostgreSQL URL, the file, a unique name of the process.
 */
final class CountingProcess {

    static final TallyLimits LIMITS = new TallyLimits(4, 100_000, 100, 10_000_000, 64L << 20);
    private static final int DELIVERIES = 16;
    private static final int DOMAINS = 10;

    private CountingProcess() {
    }

    static DatabaseAddress address(String location) {
        return location.startsWith("jdbc:") ? new DatabaseAddress.PostgreSql(location, "", "")
            : new DatabaseAddress.SqliteFile(Path.of(location));
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Database database = Database.open(address(arguments[0]), Stores.MIGRATIONS, Clock.systemUTC());
        OutcomeJournal journal = new OutcomeJournal(new SqlTallyStore(database, LIMITS), TallyLimits.DEFAULT,
            new RecordingMetricFactory(), Clock.systemUTC(), Duration.ofMinutes(5));
        FileChannel log = FileChannel.open(Path.of(arguments[1]), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        for (int delivery = 0; delivery < DELIVERIES; delivery++) {
            String name = arguments[2] + "-" + delivery + "-";
            Thread.ofPlatform().start(() -> deliver(journal, log, name));
        }
    }

    private static void deliver(OutcomeJournal journal, FileChannel log, String name) {
        for (long i = 0; ; i++) {
            String id = name + i;
            write(log, "begin " + id + "\n");
            DomainName domain = DomainName.of("d" + i % DOMAINS + ".example");
            journal.record(List.of(new TlsOutcome(NOON, domain, peer(), List.of(
                new PolicyVerdict.Violated(sts(), List.of(new Violation(ResultType.VALIDATION_FAILURE, id)))))));
            write(log, "done " + id + "\n");
        }
    }

    private static void write(FileChannel log, String line) {
        try {
            log.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII)));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
