package jamestls.mtasts.waiting;


import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import jamestls.fakeinternet.FaultInjector;
import jamestls.fakeinternet.PostgresExtension;
import jamestls.mtasts.waiting.WaitingRepository.Capacity;
import jamestls.mtasts.waiting.WaitingRepository.Event;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.james.core.MailAddress;
import org.apache.james.mailrepository.api.MailRepository;
import org.apache.james.server.core.MailImpl;
import org.apache.mailet.Mail;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A real PostgreSQL, a repository and a queue that servers of a test share. */
abstract class WaitingFixture {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    static final String URL = "postgres://var/mail/outgoing-waiting/";
    static final Duration PATIENCE = Duration.ofSeconds(30);
    static final List<String> DOMAINS = List.of("a.example");

    final String url = POSTGRES.newDatabase();
    final StoredMails mails = new StoredMails();
    final FaultInjector<MailRepository> faults = FaultInjector.before(MailRepository.class, mails);
    final DirectQueue queue = new DirectQueue();
    final ConcurrentHashMap<Event, AtomicInteger> events = new ConcurrentHashMap<>();
    final List<AutoCloseable> servers = new ArrayList<>();
    Database database;
    WaitingIndex index;

    @BeforeEach
    void open() {
        database = Database.open(new DatabaseAddress.PostgreSql(url, "postgres", ""), List.of(WaitingIndex.TABLES), Clock.systemUTC());
        index = new WaitingIndex(database, "outgoing");
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable server : servers) {
            server.close();
        }
        database.close();
    }

    /** A server that takes whatever is due. */
    static final Capacity UNBOUNDED = new Capacity() {
        @Override
        public int free() {
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
    };

    WaitingRepository server() {
        return server(UNBOUNDED);
    }

    WaitingRepository server(Capacity capacity) {
        return server(capacity, faults.proxy());
    }

    WaitingRepository server(Capacity capacity, MailRepository repository) {
        WaitingRepository waiting = parking(repository);
        waiting.start(capacity);
        return waiting;
    }

    /** A server that only parks. */
    WaitingRepository parking() {
        return parking(faults.proxy());
    }

    private WaitingRepository parking(MailRepository repository) {
        WaitingRepository waiting = new WaitingRepository(queue, index, Optional.of(URL), any -> repository,
            event -> events.computeIfAbsent(event, key -> new AtomicInteger()).incrementAndGet(), Duration.ZERO);
        servers.add(waiting);
        return waiting;
    }

    int count(Event event) {
        return events.getOrDefault(event, new AtomicInteger()).get();
    }

    /** As if so much time had passed. */
    void elapse(Duration time) throws Exception {
        sql("UPDATE waiting_mail SET next = next - " + time.toMillis());
    }

    void sql(String statement) throws Exception {
        try (Connection connection = DriverManager.getConnection(url); Statement executing = connection.createStatement()) {
            executing.executeUpdate(statement);
        }
    }

    long number(String sql) throws Exception {
        try (Connection connection = DriverManager.getConnection(url); Statement statement = connection.createStatement();
             var answer = statement.executeQuery(sql)) {
            answer.next();
            return answer.getLong(1);
        }
    }

    static void awaitUninterruptibly(CountDownLatch latch) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    latch.await();
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    static Mail mail(String name, String... recipients) throws MessagingException {
        Mail mail = MailImpl.builder().name(name).sender(new MailAddress("alice@sender.example")).addRecipients(recipients)
            .mimeMessage(new MimeMessage(Session.getInstance(new Properties()),
                new ByteArrayInputStream("Subject: hi\r\n\r\nhello\r\n".getBytes(StandardCharsets.US_ASCII)))).build();
        WaitingRepository.begin(mail);
        return mail;
    }
}
