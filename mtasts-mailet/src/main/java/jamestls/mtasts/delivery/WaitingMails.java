package jamestls.mtasts.delivery;

import jamestls.dns.DomainName;
import jamestls.mtasts.held.HeldMail.Why;
import jamestls.mtasts.held.HeldMails;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.james.core.MailAddress;
import org.apache.james.queue.api.MailQueue;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeUtils;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.Mail;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What mails that were put back into the queue carry with them, and who is told of them: the list of held mails, and the sender. A mail
 * that is delivered at its first attempt has none of it.
 */
final class WaitingMails {

    private static final Logger LOGGER = LoggerFactory.getLogger(WaitingMails.class);

    /** When the mail began to wait: milliseconds since 1970, a Long. */
    private static final AttributeName SINCE = AttributeName.of("jamestls.waiting-since");
    /** When it is due: milliseconds since 1970, a Long. */
    private static final AttributeName DUE = AttributeName.of("jamestls.due");
    /** The sender was told of the delay, or wants no such notice: a Boolean. */
    private static final AttributeName NOTIFIED = AttributeName.of("jamestls.delay-notified");

    /** How often the mail was put back, untried, since its last attempt: an Integer. */
    private static final AttributeName PUT_BACK = AttributeName.of("jamestls.put-back");

    /** A mail that comes back too early more often is tried: a queue that ignores delays would hand it out in a loop. */
    private static final int MAX_PUT_BACK = 100;
    /** A queue may be so much too early. */
    private static final Duration NOT_EARLY = Duration.ofSeconds(2);
    /** Of the recipients of one mail, through a gateway. */
    private static final int MAX_DOMAINS = 20;

    private final HeldMails held;
    private final DelayNotice notice;
    private final RetrySchedule schedule;
    private final Clock clock;
    private final QueueDelays delays;

    WaitingMails(HeldMails held, DelayNotice notice, RetrySchedule schedule, Clock clock, QueueDelays delays) {
        this.delays = delays;
        this.held = held;
        this.notice = notice;
        this.schedule = schedule;
        this.clock = clock;
    }

    /** Why the queue hands out a mail. */
    enum Turn {
        /** It is due, or new; or somebody flushed the whole queue by James's own means. */
        DUE,
        /** It is not due, and somebody asked for it. A failure of this attempt does not count. */
        ASKED_FOR,
        /** It is not due, and the queue was flushed for others. */
        NOT_MEANT
    }

    /** What a queue does with the delay of a mail. */
    enum QueueDelays {
        HONOURED,
        /** Every mail is handed out at once, so being early means nothing. */
        IGNORED;

        /** James has no interface that tells; only its RabbitMQ queue ignores delays. */
        static QueueDelays of(MailQueue queue) {
            return queue.getClass().getName().contains(".rabbitmq.") ? IGNORED : HONOURED;
        }
    }

    /** Makes a mail that comes to remote delivery one that has not waited yet. */
    static void begin(Mail mail) {
        mail.removeAttribute(SINCE);
        mail.removeAttribute(DUE);
        mail.removeAttribute(NOTIFIED);
        mail.removeAttribute(PUT_BACK);
    }

    /** Decides it from the due time and the requests that count. */
    Turn turn(Mail mail) {
        if (delays == QueueDelays.IGNORED || untilDue(mail).compareTo(NOT_EARLY) <= 0 || !held.requests().isAnyOpen()) {
            return Turn.DUE;
        }
        return held.requests().name(domains(mail)) ? Turn.ASKED_FOR : timesPutBack(mail) < MAX_PUT_BACK ? Turn.NOT_MEANT : Turn.DUE;
    }

    /** Counts that a mail goes back untried. */
    void putBack(Mail mail) {
        mail.setAttribute(new Attribute(PUT_BACK, AttributeValue.of(timesPutBack(mail) + 1)));
    }

    private static int timesPutBack(Mail mail) {
        return AttributeUtils.getValueAndCastFromMail(mail, PUT_BACK, Integer.class).orElse(0);
    }

    /** Zero for one that is due. */
    Duration untilDue(Mail mail) {
        Duration left = time(mail, DUE).map(due -> Duration.between(clock.instant(), due)).orElse(Duration.ZERO);
        return left.isNegative() ? Duration.ZERO : left;
    }

    /** The domains for which a mail may be listed as held; empty, and nothing to be done, for one that has not waited. */
    Set<String> listed(Mail mail) {
        return mail.getAttribute(SINCE).isPresent() ? domains(mail) : Set.of();
    }

    private static Set<String> domains(Mail mail) {
        return mail.getRecipients().stream().map(WaitingMails::domainOf).collect(Collectors.toSet());
    }

    /** In A-labels and small letters, so that commands find it. */
    private static String domainOf(MailAddress recipient) {
        String domain = recipient.getDomain().asString();
        return DomainName.parse(domain).map(DomainName::ascii).orElseGet(() -> domain.toLowerCase(Locale.ROOT));
    }

    /** Notes on a mail when it is due. */
    void isDueIn(Mail mail, Duration delay) {
        mail.setAttribute(new Attribute(DUE, AttributeValue.of(clock.instant().plus(delay).toEpochMilli())));
        mail.removeAttribute(PUT_BACK);
    }

    /**
     * Notes that a mail waits, and tells the sender if it has waited long enough. Never throws.
     *
     * @param waiting its recipients that wait, and why
     */
    void tell(Mail mail, Map<MailAddress, Failure> waiting) {
        tell(mail, waiting, clock.instant().plus(untilDue(mail)));
    }

    /** A mail was not tried, because of this server's own limits; it is listed, and its sender told, when it has waited for a while. */
    void postponed(Mail mail, String why, Duration stay) {
        Instant since = since(mail);
        if (Duration.between(since, clock.instant()).compareTo(HeldMails.MIN_WAIT_AT_LIMIT) < 0) {
            return;
        }
        Failure failure = Failure.atLimit(why);
        quietly(mail, () -> domains(mail).stream().sorted().limit(MAX_DOMAINS).forEach(domain ->
            held.waitsAtLimit(held.item(mail.getName()), domain, failure.why(domain), since, clock.instant().plus(stay))));
        Map<MailAddress, Failure> all = new LinkedHashMap<>();
        mail.getRecipients().forEach(recipient -> all.put(recipient, failure));
        tell(mail, all, clock.instant().plus(stay));
    }

    private void tell(Mail mail, Map<MailAddress, Failure> waiting, Instant due) {
        Instant since = since(mail);
        boolean told = AttributeUtils.getValueAndCastFromMail(mail, NOTIFIED, Boolean.class).orElse(false);
        if (!told && notice.isDue(Duration.between(since, clock.instant()))) {
            Instant last = due.plus(schedule.timeLeftAfter(FailureNotice.retriesOf(mail)));
            Instant until = time(mail, ReportMails.EXPIRES).filter(last::isAfter).orElse(last);
            if (notice.send(mail, waiting, until)) {
                mail.setAttribute(new Attribute(NOTIFIED, AttributeValue.of(true)));
            }
        }
    }

    /**
     * Brings the list up to date, when everything about an attempt is stored. Never throws.
     *
     * @param before what {@link #listed} said before the attempt
     * @param later the recipients that still wait
     * @param whose whose servers the mail goes to: its domain's, or a gateway's
     */
    void attempted(Mail mail, Set<String> before, Map<MailAddress, Failure> later, NextHop whose) {
        if (later.isEmpty() && before.isEmpty()) {
            return;
        }
        quietly(mail, () -> {
            String item = held.item(mail.getName());
            Map<String, Why> waiting = new LinkedHashMap<>();
            later.entrySet().stream().sorted(Map.Entry.comparingByKey(Comparator.comparing(MailAddress::asString))).forEach(each -> {
                String domain = domainOf(each.getKey());
                if (waiting.size() < MAX_DOMAINS) {
                    waiting.computeIfAbsent(domain, any -> each.getValue().why(whose == NextHop.GATEWAY ? "the gateway" : domain));
                }
            });
            if (!waiting.isEmpty()) {
                held.waits(item, waiting, since(mail), time(mail, DUE).orElseGet(clock::instant));
            }
            Set<String> over = new HashSet<>(before);
            over.removeAll(waiting.keySet());
            held.ended(item, over);
        });
    }

    /** Notes that a mail was delivered under {@code observe} and would wait if policies were enforced. Never throws. */
    void wouldWait(Mail mail, Failure why) {
        quietly(mail, () -> domains(mail).stream().sorted().limit(MAX_DOMAINS)
            .forEach(domain -> held.wouldWait(domain, why.why(domain))));
    }

    /** Who takes the mail. */
    enum NextHop { MX_HOST, GATEWAY }

    private void quietly(Mail mail, Runnable change) {
        try {
            change.run();
        } catch (RuntimeException | Error e) {
            LOGGER.error("Mail {}: the list of held mails was not changed", mail.getName(), e);
        }
    }

    /** Now, for a mail that begins to wait. */
    private Instant since(Mail mail) {
        Optional<Instant> known = time(mail, SINCE);
        if (known.isEmpty()) {
            Instant now = Instant.ofEpochMilli(clock.millis());
            mail.setAttribute(new Attribute(SINCE, AttributeValue.of(now.toEpochMilli())));
            return now;
        }
        return known.get();
    }

    private static Optional<Instant> time(Mail mail, AttributeName name) {
        return AttributeUtils.getValueAndCastFromMail(mail, name, Long.class).map(Instant::ofEpochMilli);
    }
}
