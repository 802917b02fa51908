package jamestls.tlsrpt.inbox;

import static jamestls.tlsrpt.inbox.IncomingMail.detail;
import static jamestls.tlsrpt.inbox.IncomingMail.json;
import static jamestls.tlsrpt.inbox.IncomingMail.mail;
import static jamestls.tlsrpt.inbox.IncomingMail.signed;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.config.ConfigurationException;
import jamestls.config.Parameters;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.PostgresExtension;
import jamestls.fakeinternet.SettableClock;
import jamestls.outcome.OwnDomainEvents;
import jamestls.outcome.TlsOutcomes;
import jamestls.outcome.Violation.ResultType;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.Samples;
import jamestls.tlsrpt.dkim.DkimVerifier;
import jamestls.tlsrpt.inbox.Inbox.Result;
import jamestls.tlsrpt.send.Counters;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class AlarmsTest {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    private static final Instant NOW = Instant.parse("2026-11-21T08:00:00Z");
    private static final String[] REPORTERS = {"google.example", "microsoft.example", "yahoo.example"};

    private final SettableClock clock = new SettableClock(NOW);
    private final TlsOutcomes outcomes = new TlsOutcomes();
    private final OwnDomainEvents events = new OwnDomainEvents();
    private final RecordingMetricFactory metrics = new RecordingMetricFactory();
    private final List<String> mails = new ArrayList<>();
    private final List<Inbox> servers = new ArrayList<>();
    private boolean jamesTakesMail = true;
    private String url;

    @BeforeEach
    void start() {
        url = POSTGRES.newDatabase();
        server();
    }

    @AfterEach
    void stop() {
        servers.forEach(inbox -> inbox.stop(outcomes));
    }

    private Inbox server() {
        InboxStore store = InboxStore.open(Optional.of(new DatabaseAddress.PostgreSql(url, "", "")), InboxStore.Limits.DEFAULT, clock);
        Inbox inbox = new Inbox(settings(), store, new Inbox.Network(new DkimVerifier(IncomingMail.dns(REPORTERS)), this::take), events,
            outcomes, Counters.of(metrics), clock);
        outcomes.subscribe(inbox.outbound());
        servers.add(inbox);
        return inbox;
    }

    private boolean take(String text) {
        if (jamesTakesMail) {
            mails.add(text);
        }
        return jamesTakesMail;
    }

    private static InboxSettings settings() {
        try {
            return InboxSettings.of(new Parameters("TlsReportInbox", new TreeMap<>(Map.of("ownDomains", "own.example")),
                Parameters.ForeignNames.NONE, location -> Path.of(location)), List.of(new InetSocketAddress("127.0.0.1", 53)));
        } catch (ConfigurationException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void newKindOfFailureShouldRaiseOneAlarmWithWhatChanged() {
        events.add(new OwnDomainEvents.Source() {
            @Override
            public Set<DomainName> domains() {
                return Set.of();
            }

            @Override
            public List<OwnDomainEvents.Event> events(DomainName domain, Instant from, Instant until) {
                return List.of(
                    event(domain, "2026-11-20T10:00:00Z", OwnDomainEvents.Kind.POLICY, Optional.empty(), "the policy changed"),
                    event(domain, "2026-11-20T13:02:00Z", OwnDomainEvents.Kind.CERTIFICATE, Optional.of(DomainName.of("mx2.own.example")),
                        "the certificate of mx2.own.example changed"));
            }
        });
        report("google.example", "1", "2026-11-20", 2_000, 100, "certificate-expired");
        report("microsoft.example", "1", "2026-11-20", 1_786, 100, "certificate-expired");
        report("yahoo.example", "1", "2026-11-20", 1_000, 14, "certificate-expired");

        tick();

        assertThat(mails).containsExactly("- own.example: 3 reporters (google.example, microsoft.example, yahoo.example), 214 of 5,000 "
            + "sessions on 2026-11-20, certificate-expired at mx2.own.example, since 2026-11-20; noticed 2026-11-20 13:02: "
            + "the certificate of mx2.own.example changed; noticed 2026-11-20 10:00: the policy changed");
        assertThat(servers.getFirst().problems()).singleElement().asString().startsWith("own.example: 3 reporters");
        assertThat(metrics.countFor("tlsAlarms")).isEqualTo(1);

        report("google.example", "2", "2026-11-20", 10, 1, "certificate-expired");
        tick();
        assertThat(mails).as("once per cause and day").hasSize(1);
        clock.set(Instant.parse("2026-11-22T00:00:01Z"));
        tick();
        assertThat(servers.getFirst().problems()).as("the day has ended").isEmpty();
    }

    @Test
    void rateOverTheLimitShouldRaiseAnAlarmEachDay() {
        report("google.example", "1", "2026-11-19", 100, 3, "certificate-expired");
        tick();
        assertThat(mails).as("new").hasSize(1);

        clock.advance(Duration.ofDays(1));
        report("google.example", "2", "2026-11-20", 95, 5, "certificate-expired");
        tick();
        assertThat(mails).as("known, and 5 % is not over the limit").hasSize(1);

        report("google.example", "3", "2026-11-20", 0, 5, "certificate-expired");
        tick();
        tick();
        assertThat(mails).hasSize(2).last().asString().contains("10 of 105 sessions on 2026-11-20, certificate-expired at mx2.own.example, "
            + "since 2026-11-19");
    }

    @Test
    void unverifiedReportShouldNeverRaiseAnAlarm() {
        byte[] mail = mail("google.example", json("1", "2026-11-20", "own.example", 0, 500,
            detail("certificate-expired", "mx2.own.example", 500)));
        assertThat(accept(servers.getFirst(), mail).result()).isEqualTo(Result.UNVERIFIED);
        assertThat(accept(servers.getFirst(), signed(mail, "other.example")).result()).as("the same report").isEqualTo(Result.DUPLICATE);

        tick();
        assertThat(mails).isEmpty();
    }

    @Test
    void oldReportShouldCountWithoutAlarm() {
        report("google.example", "1", "2026-11-01", 0, 5, "certificate-expired");

        tick();
        assertThat(mails).isEmpty();
    }

    @Test
    void severalServersShouldSendEachAlarmOnce() {
        Inbox second = server();
        report("google.example", "1", "2026-11-20", 10, 1, "certificate-expired");
        accept(second, signed(mail("microsoft.example", json("1", "2026-11-20", "own.example", 10, 1,
            detail("certificate-expired", "mx2.own.example", 1))), "microsoft.example"));

        tick();
        tick();

        assertThat(mails).hasSize(1);
        assertThat(servers).allSatisfy(inbox -> assertThat(inbox.problems()).hasSize(1));
    }

    @Test
    void alarmShouldBeSentLaterIfJamesTakesNoMail() {
        jamesTakesMail = false;
        report("google.example", "1", "2026-11-20", 10, 1, "certificate-expired");
        tick();

        jamesTakesMail = true;
        tick();
        assertThat(mails).hasSize(1);
    }

    @Test
    void deliveriesThatBeginToFailShouldRaiseOneAlarmOnSeveralServers() {
        server();
        outcomes.record(List.of(Samples.met(NOW)));
        outcomes.record(List.of(Samples.violated(NOW, ResultType.CERTIFICATE_EXPIRED, "")));
        tick();
        assertThat(mails).as("one failed session").isEmpty();

        outcomes.record(List.of(Samples.violated(NOW, ResultType.CERTIFICATE_EXPIRED, "")));
        tick();
        tick();
        assertThat(mails).singleElement().asString()
            .startsWith("- mail to rcpt.example: 2 of 2 sessions failed since 2026-11-21T08:00:00Z, certificate-expired");
    }

    @Test
    void domainThatNeverWorkedShouldRaiseNone() {
        for (int i = 0; i < 30; i++) {
            outcomes.record(List.of(Samples.violated(NOW, ResultType.CERTIFICATE_EXPIRED, "")));
        }
        tick();

        assertThat(mails).isEmpty();
    }

    @Test
    void domainThatWorkedOnEarlierDaysByTheCountsShouldRaiseOne() {
        outcomes.addCounter(new TlsOutcomes.SessionCounter() {
            @Override
            public Optional<TlsOutcomes.Sessions> today(DomainName recipientDomain) {
                return Optional.of(new TlsOutcomes.Sessions(2, 2));
            }

            @Override
            public Optional<TlsOutcomes.Sessions> lastDays(DomainName recipientDomain, int days) {
                return Optional.of(new TlsOutcomes.Sessions(50, 2));
            }
        });
        for (int i = 0; i < 2; i++) {
            outcomes.record(List.of(Samples.violated(NOW, ResultType.CERTIFICATE_EXPIRED, "")));
        }
        tick();

        assertThat(mails).hasSize(1);
    }

    @Test
    void failuresAmongManySuccessesShouldRaiseOneOnlyOverTheRate() {
        outcomes.record(List.of(Samples.met(NOW)));
        for (int i = 0; i < 19; i++) {
            outcomes.record(List.of(Samples.violated(NOW, ResultType.CERTIFICATE_EXPIRED, ""), Samples.met(NOW)));
        }
        tick();
        assertThat(mails).as("fewer than 20").isEmpty();

        outcomes.record(List.of(Samples.violated(NOW, ResultType.CERTIFICATE_EXPIRED, "")));
        tick();
        assertThat(mails).hasSize(1);
    }

    private static OwnDomainEvents.Event event(DomainName domain, String time, OwnDomainEvents.Kind kind, Optional<DomainName> host,
                                               String text) {
        return new OwnDomainEvents.Event(domain, Instant.parse(time), kind, host, text);
    }

    private void report(String reporter, String id, String day, long successes, long failures, String type) {
        byte[] mail = signed(mail(reporter, json(id, day, "own.example", successes, failures,
            detail(type, "mx2.own.example", failures))), reporter);
        assertThat(accept(servers.getFirst(), mail).result()).isEqualTo(Result.COUNTED);
    }

    private static Inbox.Reading accept(Inbox inbox, byte[] mail) {
        return inbox.accept(() -> mail, mail.length, "mail");
    }

    private void tick() {
        servers.forEach(Inbox::tick);
    }
}
