package jamestls.mtasts.delivery;

import jamestls.mtasts.delivery.Delivery.Route;
import jamestls.mtasts.delivery.OutboundMail.Retry;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.policy.Verdict.TlsLevel;
import jamestls.net.Sanitized;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log lines of one delivery attempt, always with the same fields in the same order, so that programs can read them:
 * {@code delivery id=… domain=… mx=… ip=… tls=none|unauthenticated|authenticated policy=none|sts-enforce|sts-testing|
 * dane|dane-insecure-mx|dane-unauthenticated|dnssec-invalid|dane-required|requiretls|waived
 * result=delivered|partial|skipped|cleartext|deferred|bounced reply="…" ms=… cause="…"}.
 * One per host, and one more when the mail as a whole is deferred or refused.
 */
final class DeliveryLog {

    private static final int MAX_FIELD = 2_000;
    private static final Logger LOGGER = LoggerFactory.getLogger(DeliveryLog.class);

    private final OutboundMail mail;
    private final Clock clock;
    private final Instant begun;
    private Instant started;
    /** The line of the host whose word decides if no other host is tried; takes the word for its result. */
    private Consumer<String> deciding = result -> { };
    private String decided = "";

    DeliveryLog(OutboundMail mail, Clock clock) {
        this.mail = mail;
        this.clock = clock;
        this.begun = clock.instant();
        this.started = begun;
    }

    /** A host is about to be tried. */
    void start() {
        started = clock.instant();
    }

    void skipped(MxHost host, Optional<InetAddress> address, TlsDemand demand, TlsLevel level, String cause) {
        anotherHost();
        line(host.name().ascii(), address.map(InetAddress::getHostAddress).orElse("-"), level.toString(), demand.inLog(), "skipped", "-",
            millisSince(started), cause);
    }

    void fallBack(Route route, String cause) {
        anotherHost();
        line(route.host().name().ascii(), route.address().getHostAddress(), TlsLevel.NONE.toString(), route.demand().inLog(),
            "cleartext", "-", millisSince(started), cause);
    }

    /** The line of the host that decided is kept for {@link #finished}: who reads it may rely on the session being counted. */
    void sent(Route route, TlsLevel level, ReplyInterpretation said) {
        anotherHost();
        long took = millisSince(started);
        deciding = result -> line(route.host().name().ascii(), route.address().getHostAddress(), level.toString(),
            route.demand().inLog(), result, said.reply(), took, said.why());
        decided = said.word();
        if (said.skip() != ReplyInterpretation.Skip.NO && !decided.equals("deferred")) {
            anotherHost();
        }
    }

    /** The last host did not decide for all recipients: another is tried. */
    private void anotherHost() {
        deciding.accept(decided.equals("deferred") ? "skipped" : decided);
        deciding = result -> { };
    }

    /** To be called once everything that follows from the attempt is recorded. */
    void finished(DeliveryResult result) {
        boolean last = mail.handling().temporary() == Retry.NO;
        deciding.accept(last && decided.equals("deferred") ? "bounced" : decided);
        deciding = none -> { };
        switch (result) {
            case DeliveryResult.Answered answered -> {
                // the lines of the hosts have said it
            }
            case DeliveryResult.Deferred deferred -> whole(last ? "bounced" : "deferred", last ? deferred.why().givenUp() : deferred.why());
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
            Sanitized.logValue(mail.id(), MAX_FIELD), mail.domain(), mx, ip, tls, policy, result, Sanitized.logValue(reply, MAX_FIELD), ms,
            Sanitized.logValue(cause, MAX_FIELD));
    }

    private long millisSince(Instant instant) {
        return Duration.between(instant, clock.instant()).toMillis();
    }
}
