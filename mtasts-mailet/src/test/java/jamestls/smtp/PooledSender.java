package jamestls.smtp;

import static jamestls.smtp.SmtpFixture.MAIL;

import jamestls.smtp.SessionRequest.Announcing;
import jamestls.smtp.SmtpConnector.TlsUse;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Predicate;

/** Sends mails over the sessions of a pool as deliveries do. */
final class PooledSender {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final SessionPool pool;

    PooledSender(SessionPool pool) {
        this.pool = pool;
    }

    /** @param dotSent called when the final dot is on its way */
    Transmission send(SessionKey key, Envelope envelope, Predicate<TlsObservation> suits, Runnable dotSent) {
        Announcing announcing = Announcing.YES;
        while (true) {
            switch (pool.admit(new SessionRequest(key, "x.test", suits, () -> 1, announcing), PATIENCE)) {
                case Admission.Open open -> {
                    try (Opening opening = open.opening(); Lease lease = opening.open(TlsUse.IF_OFFERED)) {
                        if (lease.session().isUsable()) {
                            return over(lease, envelope, dotSent);
                        }
                    }
                }
                case Admission.Reuse reuse -> {
                    try (Lease lease = reuse.lease()) {
                        Transmission result = over(lease, envelope, dotSent);
                        if (!(result instanceof Transmission.Broken) || !result.leavesOpen()) {
                            return result;
                        }
                    }
                }
                case Admission.Next next -> {
                    announcing = Announcing.NO;
                    try (NextMail place = next.mail()) {
                        place.announce(envelope);
                        Optional<Lease> given = place.session();
                        if (given.isPresent()) {
                            try (Lease lease = given.get()) {
                                Transmission result = over(lease, envelope, dotSent);
                                if (!(result instanceof Transmission.Broken) || !result.leavesOpen()) {
                                    return result;
                                }
                            }
                        }
                    }
                }
                case Admission.Failed failed -> throw new IllegalStateException("failed: " + failed.why());
                case Admission.Busy busy -> throw new IllegalStateException("busy");
            }
        }
    }

    private static Transmission over(Lease lease, Envelope envelope, Runnable dotSent) {
        Transmission result = lease.session().send(envelope, MAIL, () -> {
            lease.awaitsFinalReply();
            dotSent.run();
        });
        if (!(result instanceof Transmission.Broken)) {
            lease.keep();
        }
        return result;
    }
}
