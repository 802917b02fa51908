package jamestls.smtp;

import static jamestls.smtp.SmtpFixture.CA;
import static jamestls.smtp.SmtpFixture.MAIL;
import static jamestls.smtp.SmtpFixture.MX;
import static jamestls.smtp.SmtpFixture.awaitNoConnection;
import static jamestls.smtp.SmtpFixture.said;
import static jamestls.smtp.SmtpFixture.to;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.smtp.Lease.Origin;
import jamestls.smtp.SmtpConnector.TlsUse;
import jamestls.smtp.TlsObservation.Handshake;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SessionPoolTest {

    private static final ReuseLimits LIMITS = new ReuseLimits(3, Duration.ofSeconds(5), Duration.ofSeconds(300), 2, 4);

    private final AtomicLong now = new AtomicLong(1);
    private final SmtpServer mx = SmtpFixture.tlsServer();
    private final SmtpConnector connector = SmtpFixture.connector();
    private final SessionPool pool = new SessionPool(connector, LIMITS, 20, 1_000, now::get);
    private final SessionKey key = new SessionKey(MX, mx.address());

    @AfterEach
    void noConnectionShouldBeLeftOpen() {
        pool.close();
        awaitNoConnection(mx);
        connector.close();
        mx.close();
    }

    @Test
    void secondMailShouldTravelOverTheSameConnection() {
        mail(key);

        assertThat(mail(key)).isEqualTo(Origin.REUSED);
        assertThat(mx.mails()).hasSize(2);
        assertThat(mx.connections()).isEqualTo(1);
        assertThat(said(mx, "C: RSET")).isEmpty();
    }

    @Test
    void observationOfAReusedSessionShouldBeTheOneOfItsHandshake() {
        mail(key);

        try (Lease lease = pool.idle(request(key, seen -> true)).orElseThrow()) {
            assertThat(lease.session().observation().handshake()).isInstanceOfSatisfying(Handshake.Completed.class,
                completed -> assertThat(completed.chain().getFirst().getSubjectX500Principal().getName()).contains(MX.ascii()));
            lease.keep();
        }
    }

    @Test
    void sessionThatDoesNotSuitShouldStayForOthers() {
        mail(key);

        assertThat(pool.idle(request(key, seen -> false))).isEmpty();
        assertThat(pool.size()).isEqualTo(1);
        assertThat(mail(key)).isEqualTo(Origin.REUSED);
    }

    @Test
    void sessionShouldNotBeSharedWithAnotherHostNameAtTheSameAddress() {
        mail(key);

        assertThat(pool.idle(request(new SessionKey(DomainName.of("mx2.example.test"), mx.address()), seen -> true))).isEmpty();
    }

    @Test
    void sessionShouldNotBeSharedWithAnotherIdentity() {
        mail(new SessionKey(MX, mx.address(), "alice"));

        assertThat(pool.idle(request(key, seen -> true))).isEmpty();
    }

    @Test
    void sessionShouldEndWithQuitAfterItsShareOfMails() {
        mail(key);
        mail(key);
        mail(key);

        assertThat(mail(key)).isEqualTo(Origin.NEW);
        await().untilAsserted(() -> assertThat(said(mx, "C: QUIT")).hasSize(1));
    }

    @Test
    void sessionShouldNotBeReusedAfterItsTimeInAll() {
        mail(key);
        now.addAndGet(Duration.ofSeconds(301).toNanos());

        assertThat(mail(key)).isEqualTo(Origin.NEW);
    }

    @Test
    void idleSessionShouldEndWithQuitByItself() {
        mail(key);
        now.addAndGet(Duration.ofSeconds(6).toNanos());

        awaitNoConnection(mx);
        assertThat(said(mx, "C: QUIT")).hasSize(1);
        assertThat(pool.size()).isZero();
    }

    @Test
    void sessionThatHasIdledForASecondShouldBeAskedFirst() {
        mail(key);
        now.addAndGet(Duration.ofSeconds(2).toNanos());

        assertThat(mail(key)).isEqualTo(Origin.REUSED);
        assertThat(said(mx, "C: RSET")).hasSize(1);
    }

    @Test
    void sessionThatDiedWhileIdleShouldBeReplaced() {
        mail(key);
        mx.at(SmtpPhase.RSET, SmtpAct.drop());
        now.addAndGet(Duration.ofSeconds(2).toNanos());

        assertThat(mail(key)).isEqualTo(Origin.NEW);
        assertThat(mx.mails()).hasSize(2);
    }

    @Test
    void sessionNotWorthKeepingShouldEnd() {
        try (Lease lease = pool.open(key, TlsUse.IF_OFFERED)) {
            assertThat(lease.session().isUsable()).isTrue();
        }

        awaitNoConnection(mx);
        assertThat(pool.size()).isZero();
    }

    @Test
    void mailThatWaitsShouldOpenASessionWhenTheBacklogHasGrown() throws Exception {
        mail(key);
        AtomicInteger asked = new AtomicInteger();
        AtomicInteger backlog = new AtomicInteger(1);
        SessionRequest request = new SessionRequest(key, "", seen -> true, () -> {
            asked.incrementAndGet();
            return backlog.get();
        }, SessionRequest.Announcing.NO);
        try (ExecutorService thread = Executors.newVirtualThreadPerTaskExecutor();
             Lease busy = pool.idle(request(key, seen -> true)).orElseThrow()) {
            // the clock of the pool stands still: only the backlog can be a reason
            Future<Admission> admission = thread.submit(() -> pool.admit(request, Duration.ofSeconds(60)));
            await().until(() -> asked.get() > 0);
            backlog.set(1_000);

            assertThat(admission.get(30, TimeUnit.SECONDS)).isInstanceOfSatisfying(Admission.Open.class, open -> open.opening().close());
            busy.keep();
        }
    }

    @Test
    void idleSessionsOfOneHostShouldBeBounded() {
        atOnce(key, 3);

        assertThat(pool.size()).isEqualTo(2);
        await().until(() -> mx.openConnections() == 2);
    }

    @Test
    void idleSessionsInAllShouldBeBoundedAndTheEldestMakeRoom() {
        List<SmtpServer> servers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            servers.add(SmtpServer.named(MX.ascii()).identity(CA.issue(MX.ascii())).start());
        }
        try {
            servers.forEach(server -> mail(new SessionKey(MX, server.address())));

            assertThat(pool.size()).isEqualTo(4);
            awaitNoConnection(servers.getFirst());
        } finally {
            pool.close();
            servers.forEach(SmtpServer::close);
        }
    }

    @Test
    void closedPoolShouldKeepNothing() {
        try (Lease lease = pool.open(key, TlsUse.IF_OFFERED)) {
            pool.close();
            lease.session().send(to("bob@example.test"), MAIL);
            lease.keep();
        }

        awaitNoConnection(mx);
    }

    private static SessionRequest request(SessionKey to, Predicate<TlsObservation> suits) {
        return new SessionRequest(to, "", suits, () -> 1, SessionRequest.Announcing.NO);
    }

    private Origin mail(SessionKey to) {
        Optional<Lease> idle = pool.idle(request(to, seen -> true));
        try (Lease lease = idle.orElseGet(() -> pool.open(to, TlsUse.IF_OFFERED))) {
            assertThat(lease.session().send(to("bob@example.test"), MAIL)).isInstanceOf(Transmission.Completed.class);
            lease.keep();
            return lease.origin();
        }
    }

    private void atOnce(SessionKey to, int sessions) {
        List<Lease> leases = new ArrayList<>();
        for (int i = 0; i < sessions; i++) {
            leases.add(pool.open(to, TlsUse.IF_OFFERED));
        }
        leases.forEach(Lease::keep);
        leases.forEach(Lease::close);
    }
}
