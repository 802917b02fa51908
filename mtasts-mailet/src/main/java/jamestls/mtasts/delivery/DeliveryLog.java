package jamestls.mtasts.delivery;

import jamestls.mtasts.delivery.Delivery.Route;
import jamestls.mtasts.delivery.OutboundMail.Retry;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.policy.Verdict.TlsLevel;
import jamestls.net.Sanitized;
import jamestls.net.SanitizedLogger;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Writes the log lines of one delivery attempt, always with the same fields in the same order, so that programs can read them:
 * {@code delivery id=… domain=… mx=… ip=… tls=none|unauthenticated|authenticated policy=none|sts-enforce|sts-testing|
 * dane|dane-insecure-mx|dane-unauthenticated|dnssec-invalid|dane-required|requiretls|waived|override:LEVEL|observe:DEMAND|DEMAND+LEVEL
 * result=delivered|partial|skipped|cleartext|deferred|bounced reply="…" ms=… cause="…"}.
 * Where a rule of the operator lets a mail pass, {@code rule="…" reason="…" who="…"} follow; where observing does,
 * {@code would="held: …"}.
 * One line per host, and one more when no host took the mail and it is deferred or bounced.
 */
final class DeliveryLog {

    private static final int MAX_FIELD = 2_000;
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(DeliveryLog.class);

    private final OutboundMail mail;
    private final Clock clock;
    private final Instant begun;
    private Instant started;
    /** Writes the line of the last host; its result is known only when no other host is tried. */
    private Consumer<String> pendingLine = result -> { };
    private String pendingResult = "";

    DeliveryLog(OutboundMail mail, Clock clock) {
        this.mail = mail;
        this.clock = clock;
        this.begun = clock.instant();
        this.started = begun;
    }

    /** Starts the clock of a host. */
    void start() {
        started = clock.instant();
    }

    void skipped(MxHost host, Optional<InetAddress> address, TlsDemand demand, TlsLevel level, String cause) {
        writePending();
        line(host.name().ascii(), address.map(InetAddress::getHostAddress).orElse("-"), level.toString(), demand.logWord(), "skipped", "-",
            millisSince(started), cause);
    }

    void fallBack(Route route, String cause) {
        writePending();
        line(route.host().name().ascii(), route.address().getHostAddress(), TlsLevel.NONE.toString(), route.demand().logWord(),
            "cleartext", "-", millisSince(started), cause);
    }

    /**
     * Keeps the line of this host for {@link #finished}, so that the session is counted before its line appears.
     *
     * @param below whether the domain's own demand rejects the session
     * @param wouldBeHeld why the mail would be held if policies were not only observed
     */
    void sent(Route route, TlsLevel level, boolean below, Optional<Failure> wouldBeHeld, ReplyInterpretation reply) {
        writePending();
        long took = millisSince(started);
        // a rule that holds in place of a demand is named where that demand rejects the session
        String policy = !below && route.demand() instanceof TlsDemand.Ruled ruled && ruled.effect() == TlsDemand.Effect.REPLACES
            ? ruled.own().logWord() : route.demand().logWord();
        String more = (below ? overrides(route) : "")
            + wouldBeHeld.map(held -> " would=\"held: " + Sanitized.logValue(held.toString(), MAX_FIELD) + '"').orElse("");
        pendingLine = result -> line(route.host().name().ascii(), route.address().getHostAddress(), level.toString(),
            policy, result, reply.reply(), took, reply.why(), more);
        pendingResult = reply.word();
        if (reply.skip() != ReplyInterpretation.Skip.NO && !pendingResult.equals("deferred")) {
            writePending();
        }
    }

    private static String overrides(Route route) {
        return route.rules().entries().stream().filter(entry -> entry.rule().replaces()).map(entry -> " rule=\""
            + entry.rule().destination() + "\" reason=\"" + Sanitized.logValue(entry.rule().reason().orElse(""), MAX_FIELD)
            + "\" who=\"" + Sanitized.logValue(entry.who(), MAX_FIELD) + '"').collect(Collectors.joining());
    }

    /** Writes the line of the last host, because another host is tried. */
    private void writePending() {
        pendingLine.accept(pendingResult.equals("deferred") ? "skipped" : pendingResult);
        pendingLine = result -> { };
    }

    /** Writes the last lines. To be called once the outcomes of the attempt are recorded. */
    void finished(DeliveryResult result) {
        boolean last = mail.handling().temporary() == Retry.NO;
        pendingLine.accept(last && pendingResult.equals("deferred") ? "bounced" : pendingResult);
        pendingLine = none -> { };
        switch (result) {
            case DeliveryResult.Answered answered -> {
                // the lines of the hosts say it
            }
            case DeliveryResult.Deferred deferred ->
                summary(last ? "bounced" : "deferred", last ? deferred.why().givenUp() : deferred.why());
            case DeliveryResult.Postponed postponed -> LOGGER.debug("delivery id={} domain={} result=postponed cause=\"{}\"", mail.id(),
                mail.domain(), postponed.why());
            case DeliveryResult.Refused refused -> summary("bounced", refused.why());
        }
    }

    private void summary(String result, Failure why) {
        line("-", "-", "-", "-", result, "-", millisSince(begun), why.toString());
    }

    private void line(String mx, String ip, String tls, String policy, String result, String reply, long ms, String cause) {
        line(mx, ip, tls, policy, result, reply, ms, cause, "");
    }

    private void line(String mx, String ip, String tls, String policy, String result, String reply, long ms, String cause, String more) {
        LOGGER.info("delivery id={} domain={} mx={} ip={} tls={} policy={} result={} reply=\"{}\" ms={} cause=\"{}\"{}",
            Sanitized.logValue(mail.id(), MAX_FIELD), mail.domain(), mx, ip, tls, policy, result, Sanitized.logValue(reply, MAX_FIELD), ms,
            Sanitized.logValue(cause, MAX_FIELD), more);
    }

    private long millisSince(Instant instant) {
        return Duration.between(instant, clock.instant()).toMillis();
    }
}
