package jamestls.mtasts.delivery;

import jamestls.bench.BenchReport;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.sts.StsBench;
import jamestls.outcome.ReportMailListener;
import jamestls.smtp.Lease;
import jamestls.smtp.ReuseLimits;
import jamestls.smtp.SessionKey;
import jamestls.smtp.SessionPool;
import jamestls.smtp.SmtpConnector;
import jamestls.smtp.SmtpConnector.TlsUse;
import jamestls.smtp.SmtpSettings;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.james.core.MailAddress;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.server.core.MailImpl;
import org.apache.james.server.core.MimeMessageInputStreamSource;
import org.apache.james.server.core.MimeMessageWrapper;
import org.apache.mailet.Mail;
import org.apache.mailet.base.test.FakeMailContext;
import org.awaitility.Awaitility;

/**
 * Live heap per mail in hand, per policy, per idle session, and per domain in the DNS cache: the heap after full collections with many
 * of them, minus that before, divided by their number. Each is measured in a process of its own with a heap of 512 MB; servers are in
 * this one.
 */
public final class MemoryBench {

    private static final String HEAP = "-Xmx512m";
    private static final int MAILS_IN_HAND = 100_000;
    private static final int STORED_MAILS = 10_000;
    private static final int MAIL_BYTES = 2_048;
    private static final int MAIL_DOMAINS = 50;
    private static final int SESSIONS = 500;
    private static final int DOMAINS = 10_000;
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final String MX = "mx.sessions.example";

    private MemoryBench() {
    }

    /** @param args the file for the results; in a process that measures also what, and the address of the server */
    public static void main(String... args) throws Exception {
        BenchReport report = new BenchReport(Path.of(args[0]));
        if (args.length == 1) {
            measureAll(args[0]);
            return;
        }
        String what = args[1];
        report.section(what, switch (what) {
            case "mailInHand" -> mailsInHand();
            case "idleSession" -> idleSessions(server(args[2]));
            case "cachedDomain" -> cachedDomains(server(args[2]));
            case "policy" -> StsBench.heap();
            default -> throw new IllegalArgumentException(what);
        });
        System.exit(0);
    }

    private static void measureAll(String file) throws Exception {
        inOwnProcess(file, "mailInHand");
        inOwnProcess(file, "policy");
        TestCa ca = TestCa.create("Memory Bench CA");
        try (SmtpServer mx = SmtpServer.named(MX).identity(ca.issue(MX)).start()) {
            inOwnProcess(file, "idleSession", mx.address().getAddress().getHostAddress() + ":" + mx.port());
        }
        Zone zone = new Zone().ttl(86_400);
        for (int i = 0; i < DOMAINS; i++) {
            String domain = "domain" + i + ".example";
            zone.mx(domain, 10, "mx." + domain).a("mx." + domain, "192.0.2.1").aaaa("mx." + domain, "2001:db8::1")
                .txt("_mta-sts." + domain, "v=STSv1; id=20260101000000Z;");
        }
        try (DnsServer dns = DnsServer.start(zone)) {
            inOwnProcess(file, "cachedDomain", dns.address().getAddress().getHostAddress() + ":" + dns.address().getPort());
        }
    }

    private static void inOwnProcess(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), HEAP,
            "-cp", System.getProperty("java.class.path"), MemoryBench.class.getName()));
        command.addAll(List.of(arguments));
        int status = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (status != 0) {
            throw new IllegalStateException(String.join(" ", arguments) + " ended with " + status);
        }
    }

    private static InetSocketAddress server(String address) {
        return new InetSocketAddress(address.substring(0, address.lastIndexOf(':')),
            Integer.parseInt(address.substring(address.lastIndexOf(':') + 1)));
    }

    /** Mails that wait for their domain, whose host does not answer. They share one message, because the queue keeps it. */
    private static Map<String, Object> mailsInHand() throws Exception {
        long before = used();
        List<Mail> stored = new ArrayList<>();
        for (int i = 0; i < STORED_MAILS; i++) {
            stored.add(mail(i, message(i)));
        }
        double mailWithMessage = each(before, STORED_MAILS);
        stored.forEach(LifecycleUtil::dispose);
        stored.clear();

        TestDelivery internet = new TestDelivery(PATIENCE);
        SmtpServer slow = internet.mx("d0.example", 10, "mx.slow.example", setup -> setup).at(SmtpPhase.GREETING, SmtpAct.stall());
        for (int i = 1; i < MAIL_DOMAINS; i++) {
            internet.dns.zone().mx("d" + i + ".example", 10, slow.hostName());
        }
        MemoryQueue queue = new MemoryQueue();
        MimeMessageWrapper shared = message(0);
        before = used();
        for (int i = 0; i < MAILS_IN_HAND; i++) {
            queue.enQueue(mail(i, shared));
        }
        double mailWithoutMessage = each(before, MAILS_IN_HAND);
        OutboundResources resources = internet.resources(20);
        before = used();
        QueueWorker worker = new QueueWorker(WaitingPlace.in(queue, MAILS_IN_HAND), Router.byMx(internet.delivery(resources), 0),
            new RetrySchedule(List.of(Duration.ofHours(1)), 5), new QueueWorker.Notices(FakeMailContext.defaultContext(), Optional.empty(),
                Optional.empty(), new ReportMails(new ReportMailListener() { }, Clock.systemUTC())), resources, MAILS_IN_HAND);
        Awaitility.await().atMost(PATIENCE).until(() -> queue.inHand.get() == MAILS_IN_HAND
            && worker.waitingForPlace().values().stream().mapToInt(Integer::intValue).sum() > MAILS_IN_HAND * 9 / 10);
        Map<String, Object> results = new LinkedHashMap<>();
        results.put("maxHeapBytes", Runtime.getRuntime().maxMemory());
        results.put("mailsInHand", queue.inHand.get());
        results.put("bytesInHand", each(before, MAILS_IN_HAND));
        results.put("bytesOfJamesMailWithoutMessage", mailWithoutMessage);
        results.put("bytesOfJamesMailWith2KbMessage", mailWithMessage);
        results.put("heapBytes", used());
        return results;
    }

    private static Mail mail(int number, MimeMessageWrapper message) throws Exception {
        MailImpl mail = MailImpl.builder().name("Mail" + number).sender(new MailAddress("alice@sender.example"))
            .addRecipient("bob@d" + number % MAIL_DOMAINS + ".example").build();
        mail.setMessageNoCopy(message);
        return mail;
    }

    private static MimeMessageWrapper message(int number) throws Exception {
        String text = "Subject: " + number + "\r\n\r\n" + "x".repeat(MAIL_BYTES) + "\r\n";
        return new MimeMessageWrapper(MimeMessageInputStreamSource.create("Mail" + number,
            new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII))));
    }

    /** TLS sessions between two mails. */
    private static Map<String, Object> idleSessions(InetSocketAddress server) {
        SmtpConnector connector = new SmtpConnector(SmtpSettings.defaults("sender.example"));
        SessionPool pool = new SessionPool(connector, new ReuseLimits(100, PATIENCE, PATIENCE, SESSIONS, SESSIONS), SESSIONS, SESSIONS);
        SessionKey key = new SessionKey(DomainName.of(MX), server);
        // what the first sessions load is not theirs
        open(pool, key, SESSIONS / 10);
        long before = used();
        open(pool, key, SESSIONS - SESSIONS / 10);
        Map<String, Object> results = new LinkedHashMap<>();
        results.put("sessions", pool.size());
        results.put("bytesPerSession", each(before, SESSIONS - SESSIONS / 10));
        return results;
    }

    private static void open(SessionPool pool, SessionKey key, int number) {
        List<Lease> leases = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            leases.add(pool.open(key, TlsUse.IF_OFFERED));
        }
        leases.forEach(lease -> {
            lease.keep();
            lease.close();
        });
    }

    /** The answers about MX, addresses of both families and MTA-STS; there is no decision to cache. */
    private static Map<String, Object> cachedDomains(InetSocketAddress server) {
        DnsjavaDns dns = new DnsjavaDns(DnsSettings.of(List.of(server)));
        Destinations destinations = new Destinations(dns, new Random(1));
        long before = used();
        for (int i = 0; i < DOMAINS; i++) {
            DomainName domain = DomainName.of("domain" + i + ".example");
            destinations.find(domain);
            dns.addresses(DomainName.of("mx." + domain));
            dns.txt(DomainName.of("_mta-sts." + domain));
        }
        Map<String, Object> results = new LinkedHashMap<>();
        results.put("domains", DOMAINS);
        results.put("bytesPerDomain", each(before, DOMAINS));
        return results;
    }

    private static double each(long before, int number) {
        return Math.round((used() - before) / (double) number);
    }

    private static long used() {
        for (int i = 0; i < 4; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
