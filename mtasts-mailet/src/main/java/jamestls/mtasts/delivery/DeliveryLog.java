package jamestls.mtasts.delivery;

import jamestls.mtasts.delivery.Delivery.Route;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.policy.Verdict.TlsLevel;
import jamestls.net.Sanitized;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log lines of deliveries, always with the same fields in the same order, so that they can be read by machines:
 * {@code delivery id=… domain=… mx=… ip=… tls=none|unauthenticated|authenticated policy=none|sts-enforce|sts-testing|
 * dane|dane-insecure-mx|dane-unauthenticated|dnssec-invalid|dane-required|requiretls|waived
 * result=delivered|partial|skipped|cleartext|deferred|bounced reply="…" ms=… cause="…"}.
 * One per host, and one more when the mail as a whole is deferred or refused.
 */
final class DeliveryLog {

    private static final Logger LOGGER = LoggerFactory.getLogger(DeliveryLog.class);

    private final OutboundMail mail;
    private final Clock clock;
    private final Instant begun;
    private Instant started;
    private Runnable deciding = () -> { };

    DeliveryLog(OutboundMail mail, Clock clock) {
        this.mail = mail;
        this.clock = clock;
        this.begun = clock.instant();
        this.started = begun;
    }

    void start() {
        started = clock.instant();
    }

    void skipped(MxHost host, Optional<InetAddress> address, TlsDemand demand, TlsLevel level, String cause) {
        line(host.name().ascii(), address.map(InetAddress::getHostAddress).orElse("-"), level.toString(), demand.inLog(), "skipped", "-",
            millisSince(started), cause);
    }

    void fallBack(Route route, String cause) {
        line(route.host().name().ascii(), route.address().getHostAddress(), TlsLevel.NONE.toString(), route.demand().inLog(),
            "cleartext", "-", millisSince(started), cause);
    }

    /** The line of the host that decided is kept for {@link #finished}: who reads it may rely on the session being counted. */
    void sent(Route route, TlsLevel level, ReplyInterpretation transmitted) {
        long took = millisSince(started);
        Runnable line = () -> line(route.host().name().ascii(), route.address().getHostAddress(), level.toString(),
            route.demand().inLog(), transmitted.word(), transmitted.reply(), took, transmitted.why());
        if (transmitted.result().isPresent()) {
            deciding = line;
        } else {
            line.run();
        }
    }

    /** To be called once everything that follows from the attempt is recorded. */
    void finished(DeliveryResult result) {
        deciding.run();
        switch (result) {
            case DeliveryResult.Answered answered -> {
                // the host's line has said it
            }
            case DeliveryResult.Deferred deferred -> whole("deferred", deferred.why());
            case DeliveryResult.Postponed postponed -> LOGGER.debug("delivery id={} domain={} result=postponed cause=\"{}\"", mail.id(),
                mail.domain(), postponed.why());
            case DeliveryResult.Refused refused -> whole("bounced", refused.why());
        }
    }

    private void whole(String result, Failure why) {
        line("-", "-", "-", "-", result, "-", millisSince(begun), why.toString());
    }

    private void line(String mx, String ip, String tls, String policy, String result, String reply, long ms, String cause) {
        LOGGER.info("delivery id={} domain={} mx={} ip={} tls={} policy={} result={} reply=\"{}\" ms={} cause=\"{}\"",
            mail.id(), mail.domain(), mx, ip, tls, policy, result, quotable(reply), ms,
            quotable(cause));
    }

    private long millisSince(Instant instant) {
        return Duration.between(instant, clock.instant()).toMillis();
    }

    /** A stranger's words must not be able to forge a line or a field. */
    private static String quotable(String text) {
        return Sanitized.logValue(text, Integer.MAX_VALUE);
    }
}
