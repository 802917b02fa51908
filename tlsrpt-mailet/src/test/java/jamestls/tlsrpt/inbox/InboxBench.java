package jamestls.tlsrpt.inbox;

import static jamestls.tlsrpt.inbox.IncomingMail.detail;
import static jamestls.tlsrpt.inbox.IncomingMail.json;
import static jamestls.tlsrpt.inbox.IncomingMail.mail;
import static jamestls.tlsrpt.inbox.IncomingMail.signed;

import com.sun.management.OperatingSystemMXBean;
import jamestls.bench.BenchReport;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.FakeDns;
import jamestls.fakeinternet.PostgresServer;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.dkim.DkimVerifier;
import jamestls.tlsrpt.inbox.InboxView.Selection;
import jamestls.tlsrpt.inbox.ReceivedReport.Trust;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Benchmark of received reports: reading, verifying and storing signed mails, on SQLite and PostgreSQL, one after the other, as one
 * thread of James does it; then the queries of a page. {@code -Dreports=} mails (10000), {@code -Ddetails=} failure details in each (100),
 * {@code -Dstores=sqlite} leaves out PostgreSQL. {@code TallyBench} runs it, too.
 */
public final class InboxBench {

    private static final int REPORTS = Integer.getInteger("reports", 10_000);
    private static final int DETAILS = Integer.getInteger("details", 100);
    private static final String STORES = System.getProperty("stores", "sqlite,postgresql");
    private static final int REPORTERS = 50;
    private static final int DAYS = 50;
    private static final LocalDate LAST = LocalDate.of(2026, 11, 20);
    private static final Instant NOW = Instant.parse("2026-11-21T08:00:00Z");
    private static final OperatingSystemMXBean SYSTEM = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private InboxBench() {
    }

    /** @param arguments the file of results */
    public static void main(String[] arguments) throws Exception {
        addTo(new BenchReport(Path.of(arguments[0])));
        System.exit(0);
    }

    /** Measures, and adds the sections to the results. */
    public static void addTo(BenchReport report) throws Exception {
        Path directory = Files.createTempDirectory("inbox-bench-");
        Path mails = directory.resolve("mails");
        write(mails);
        if (STORES.contains("sqlite")) {
            Path file = directory.resolve("tlsinbox.sqlite");
            report.section("received, sqlite", measure(mails, new DatabaseAddress.SqliteFile(file), file));
        }
        if (STORES.contains("postgresql")) {
            try (PostgresServer server = PostgresServer.startOrSkip()) {
                report.section("received, postgresql (fsync off)",
                    measure(mails, new DatabaseAddress.PostgreSql(server.url(), "", ""), mails));
            }
        }
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    /** Mails of some reporters and days, about a domain with five MX hosts. */
    private static void write(Path file) throws IOException {
        try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(file))) {
            for (int i = 0; i < REPORTS; i++) {
                List<String> details = new ArrayList<>();
                for (int j = 0; j < DETAILS; j++) {
                    details.add(detail(j % 2 == 0 ? "certificate-expired" : "starttls-not-supported", "mx" + j % 5 + ".own.example", 1)
                        .replace("192.0.2.1", "192.0." + (i + j) % 200 + "." + j % 250));
                }
                String reporter = "reporter" + i % REPORTERS + ".example";
                byte[] signed = signed(mail(reporter, json(i + "@" + reporter, LAST.minusDays(i % DAYS).toString(), "own.example", 1_000,
                    DETAILS, details.toArray(String[]::new))), reporter);
                out.writeInt(signed.length);
                out.write(signed);
            }
        }
    }

    private static Map<String, Object> measure(Path mails, DatabaseAddress address, Path database) throws Exception {
        Map<String, Object> results = new LinkedHashMap<>();
        FakeDns dns = FakeDns.everyRua(IncomingMail.keyRecord());
        ReportReader reader = new ReportReader(IncomingMail.OWN_DOMAINS, new DkimVerifier(dns));
        try (InboxStore store = InboxStore.open(Optional.of(address), new InboxStore.Limits(REPORTS, REPORTS, REPORTS),
                 Clock.systemUTC())) {
            heap().forEach(MemoryPoolMXBean::resetPeakUsage);
            long reading = 0;
            long cpu = SYSTEM.getProcessCpuTime();
            long begun = System.nanoTime();
            try (DataInputStream in = new DataInputStream(Files.newInputStream(mails))) {
                for (int i = 0; i < REPORTS; i++) {
                    byte[] mail = in.readNBytes(in.readInt());
                    long read = System.nanoTime();
                    ReceivedReport report = reader.read(mail);
                    reading += System.nanoTime() - read;
                    if (report.sender().trust() != Trust.VERIFIED || store.add(report, NOW) != InboxStore.Added.NEW) {
                        throw new IllegalStateException("report " + i + " was not counted");
                    }
                }
            }
            long taken = System.nanoTime() - begun;
            results.put("reports", REPORTS);
            results.put("detailsEach", DETAILS);
            results.put("seconds", taken / 1_000_000 / 1_000.0);
            results.put("perSecond", REPORTS * 1_000_000_000L / taken);
            results.put("readingMicrosEach", reading / REPORTS / 1_000);
            results.put("cpuMicrosEach", (SYSTEM.getProcessCpuTime() - cpu) / REPORTS / 1_000);
            results.put("loadAverage", SYSTEM.getSystemLoadAverage());
            results.put("peakHeapBytes", heap().stream().mapToLong(pool -> pool.getPeakUsage().getUsed()).sum());
            System.gc();
            results.put("liveHeapBytes", heap().stream().mapToLong(pool -> pool.getCollectionUsage().getUsed()).sum());
            results.put("mailBytesEach", Files.size(mails) / REPORTS);
            results.putAll(queries(new InboxView(store.database())));
        }
        results.put("fileBytes", database.equals(mails) ? 0 : Files.size(database));
        results.put("fileBytesEach", database.equals(mails) ? 0 : Files.size(database) / REPORTS);
        return results;
    }

    private static Map<String, Object> queries(InboxView view) {
        Selection all = new Selection(Optional.of(DomainName.of("own.example")), Trust.VERIFIED, LAST.minusDays(400), LAST);
        Map<String, Object> results = new LinkedHashMap<>();
        results.put("byDayMillis", millis(() -> view.byDay(all)));
        results.put("byReporterMillis", millis(() -> view.byReporter(all, 100)));
        results.put("byCauseMillis", millis(() -> view.byCause(all, 100)));
        results.put("byDomainMillis", millis(() -> view.byDomain(Trust.VERIFIED, LAST.minusDays(400), LAST, Optional.empty(), 100)));
        results.put("reportsMillis", millis(() -> view.reports(Optional.of(DomainName.of("own.example")), Optional.empty(), 100)));
        return results;
    }

    private static double millis(Runnable query) {
        query.run();
        long begun = System.nanoTime();
        query.run();
        return (System.nanoTime() - begun) / 10_000 / 100.0;
    }

    private static List<MemoryPoolMXBean> heap() {
        return ManagementFactory.getMemoryPoolMXBeans().stream().filter(pool -> pool.getType() == MemoryType.HEAP).toList();
    }
}
