package jamestls.smtp;

import static jamestls.smtp.SmtpFixture.MAIL;
import static jamestls.smtp.SmtpFixture.MX;
import static jamestls.smtp.SmtpFixture.awaitNoConnection;
import static jamestls.smtp.SmtpFixture.to;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.fakeinternet.SmtpServer;
import jamestls.smtp.SmtpConnector.TlsUse;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is thrown in the pool costs one session at most, and no place of those to come. */
class SessionPoolFaultsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final ReuseLimits LIMITS = new ReuseLimits(3, Duration.ofSeconds(5), Duration.ofSeconds(300), 2, 4);

    private final AtomicInteger faultsInTheTimer = new AtomicInteger();
    private final AtomicLong now = new AtomicLong(1);
    private final SmtpServer mx = SmtpFixture.tlsServer();
    private final SmtpConnector connector = SmtpFixture.connector();
    private final SessionPool pool = new SessionPool(connector, LIMITS, 1, 1_000, this::nanoTime);
    private final SessionKey key = new SessionKey(MX, mx.address());

    @AfterEach
    void stop() {
        pool.close();
        connector.close();
        mx.close();
    }

    private long nanoTime() {
        if (Thread.currentThread().getName().equals("smtp-pool") && faultsInTheTimer.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new OutOfMemoryError("on purpose");
        }
        return now.get();
    }

    @Test
    void timerShouldGoOnWhateverIsThrown() {
        faultsInTheTimer.set(2);
        mail();
        assertThat(pool.size()).isEqualTo(1);
        now.addAndGet(Duration.ofSeconds(6).toNanos());

        awaitNoConnection(mx);

        assertThat(faultsInTheTimer).hasValue(0);
        assertThat(pool.size()).isZero();
    }

    @Test
    void judgementThatThrowsShouldGiveItsPlaceBack() {
        mail();

        assertThatThrownBy(() -> pool.admit(request(seen -> {
            throw new StackOverflowError("on purpose");
        }), PATIENCE)).isInstanceOf(StackOverflowError.class);

        mail();
        assertThat(mx.mails()).hasSize(2);
    }

    @Test
    void mailThatThrowsShouldGiveItsPlaceBack() {
        assertThatThrownBy(() -> {
            try (Opening opening = ((Admission.Open) pool.admit(request(seen -> true), PATIENCE)).opening();
                 Lease lease = opening.open(TlsUse.IF_OFFERED)) {
                assertThat(lease.session().isUsable()).isTrue();
                throw new NoClassDefFoundError("on purpose");
            }
        }).isInstanceOf(NoClassDefFoundError.class);

        mail();
        assertThat(mx.mails()).hasSize(1);
    }

    private SessionRequest request(Predicate<TlsObservation> suits) {
        return new SessionRequest(key, "x.test", suits, () -> 1, SessionRequest.Announcing.YES);
    }

    private void mail() {
        switch (pool.admit(request(seen -> true), PATIENCE)) {
            case Admission.Open open -> {
                try (Opening opening = open.opening(); Lease lease = opening.open(TlsUse.IF_OFFERED)) {
                    send(lease);
                }
            }
            case Admission.Reuse reuse -> {
                try (Lease lease = reuse.lease()) {
                    send(lease);
                }
            }
            default -> throw new AssertionError("no session");
        }
    }

    private static void send(Lease lease) {
        lease.session().send(to("bob@example.test"), MAIL);
        lease.keep();
    }
}
