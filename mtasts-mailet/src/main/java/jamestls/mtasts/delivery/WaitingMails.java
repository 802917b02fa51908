package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jamestls.dns.DomainName;
import jamestls.mtasts.held.HeldMail.Why;
import jamestls.mtasts.held.HeldMails;
import jamestls.mtasts.waiting.WaitingRepository;
import jamestls.mtasts.waiting.WaitingRepository.Resumed;
import jamestls.net.SanitizedLogger;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.james.core.MailAddress;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeUtils;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.Mail;

/**
 * Keeps track of mails that return to the queue: attributes on the mail, the list of held mails, and the notice to the sender. A mail
 * delivered at its first attempt has none of these.
 */
final class WaitingMails {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(WaitingMails.class);

    /** The time of the first failure: milliseconds since 1970, a Long. */
    private static final AttributeName SINCE = AttributeName.of("jamestls.waiting-since");
    /** The time of the next attempt: milliseconds since 1970, a Long. */
    private static final AttributeName DUE = AttributeName.of("jamestls.due");
    /** Whether the notice of delay was sent or is not wanted: a Boolean. */
    private static final AttributeName NOTIFIED = AttributeName.of("jamestls.delay-notified");

    /** How often in succession the mail came from the queue before it was due, without a request: an Integer. */
    private static final AttributeName EARLY = AttributeName.of("jamestls.early");
    /** How often the mail returned to the queue untried since its last attempt: an Integer. */
    private static final AttributeName PUT_BACK = AttributeName.of("jamestls.put-back");

    /** After so many untried returns a mail is tried: a queue that ignores delays would otherwise loop. */
    private static final int MAX_PUT_BACK = 100;
    /** The tolerance for the timing of queues and for clocks. */
    private static final Duration NOT_EARLY = Duration.ofSeconds(2);
    /** The bound of listed domains for one mail through a gateway. */
    private static final int MAX_DOMAINS = 20;

    private final HeldMails held;
    private final DelayNotice notice;
    private final Function<Mail, RetrySchedule> schedules;
    private final Clock clock;
    private final WaitingPlace place;

    /**
     * @param schedules the retry schedule of each mail
     * @param place where mails wait
     */
    WaitingMails(HeldMails held, DelayNotice notice, Function<Mail, RetrySchedule> schedules, Clock clock, WaitingPlace place) {
        this.place = place;
        this.held = held;
        this.notice = notice;
        this.schedules = schedules;
        this.clock = clock;
    }

    /** Why the queue delivers a mail. */
    enum Turn {
        /** The mail is new or due, or James's own route flushed the queue. */
        DUE,
        /** The mail is not due, and a request names its domain. A failure of this attempt is not counted. */
        REQUESTED,
        /** The mail is not due, and the queue ignores delays or was flushed for another domain. */
        NOT_DUE
    }

    /** Resets a mail that enters remote delivery. */
    static void begin(Mail mail) {
        mail.removeAttribute(SINCE);
        mail.removeAttribute(DUE);
        mail.removeAttribute(NOTIFIED);
        mail.removeAttribute(PUT_BACK);
        mail.removeAttribute(EARLY);
        WaitingRepository.begin(mail);
    }

    /** Decides from the due time and the open requests. */
    Turn turn(Mail mail) {
        Optional<Resumed> resumed = WaitingRepository.resumed(mail);
        if (resumed.isPresent() || untilDue(mail).compareTo(NOT_EARLY) <= 0) {
            mail.removeAttribute(EARLY);
            return resumed.equals(Optional.of(Resumed.REQUESTED)) && untilDue(mail).isPositive() ? Turn.REQUESTED : Turn.DUE;
        }
        boolean isAnyOpen = held.requests().isAnyOpen();
        if (isAnyOpen && isRequested(mail)) {
            return Turn.REQUESTED;
        }
        if (!place.keepsEarly() && !isAnyOpen) {
            noteEarly(mail);
        }
        return place.keepsEarly() || isAnyOpen && number(mail, PUT_BACK) < MAX_PUT_BACK ? Turn.NOT_DUE : Turn.DUE;
    }

    private boolean isRequested(Mail mail) {
        return held.requests().areFor(domains(mail));
    }

    /** An early mail may come from a flush of the queue. A second one in succession shows that the queue ignores delays. */
    private void noteEarly(Mail mail) {
        if (number(mail, EARLY) > 0) {
            place.cameEarlyTwice(mail);
        }
        mail.setAttribute(new Attribute(EARLY, AttributeValue.of(number(mail, EARLY) + 1)));
    }

    /** Puts away a mail that is not due, and counts that. */
    void putBack(Mail mail, long takenNanos) throws MessagingException {
        mail.setAttribute(new Attribute(PUT_BACK, AttributeValue.of(number(mail, PUT_BACK) + 1)));
        place.putBack(mail, domainList(mail), untilDue(mail), takenNanos, () -> isRequested(mail));
    }

    /** Puts away a mail until its next attempt. */
    void putAway(Mail mail, Duration delay, long takenNanos) throws MessagingException {
        place.put(mail, domainList(mail), delay, takenNanos);
    }

    /** Puts away, for a short time, a mail that was not tried because of this server's own limits. */
    void postpone(Mail mail, Duration stay, long takenNanos) throws MessagingException {
        place.postpone(mail, domainList(mail), stay, takenNanos);
    }

    private static int number(Mail mail, AttributeName name) {
        return AttributeUtils.getValueAndCastFromMail(mail, name, Integer.class).orElse(0);
    }

    /** The recipient domains, that of the first recipient first. */
    private static List<String> domainList(Mail mail) {
        return mail.getRecipients().stream().map(WaitingMails::domainOf).distinct().limit(MAX_DOMAINS).toList();
    }

    /** The time until a mail is due; zero if it is due. Never longer than its schedule waits, as the clock may have been wrong since. */
    Duration untilDue(Mail mail) {
        Duration left = time(mail, DUE).map(due -> Duration.between(clock.instant(), due)).orElse(Duration.ZERO);
        Duration longest = schedules.apply(mail).longestDelay();
        return left.isNegative() ? Duration.ZERO : left.compareTo(longest) > 0 ? longest : left;
    }

    /** The recipient domains under which a mail may be listed; empty for a mail at its first attempt. */
    Set<String> listed(Mail mail) {
        return mail.getAttribute(SINCE).isPresent() ? domains(mail) : Set.of();
    }

    private static Set<String> domains(Mail mail) {
        return mail.getRecipients().stream().map(WaitingMails::domainOf).collect(Collectors.toSet());
    }

    /** In A-labels and lower case, as commands search for it. */
    static String domainOf(MailAddress recipient) {
        String domain = recipient.getDomain().asString();
        return DomainName.parse(domain).map(DomainName::ascii).orElseGet(() -> domain.toLowerCase(Locale.ROOT));
    }

    /** Sets the due time after an attempt. */
    void isDueIn(Mail mail, Duration delay) {
        mail.setAttribute(new Attribute(DUE, AttributeValue.of(clock.instant().plus(delay).toEpochMilli())));
        mail.removeAttribute(PUT_BACK);
    }

    /**
     * Marks a mail as waiting, and notifies the sender after the configured time. Never throws.
     *
     * @param waiting the recipients that wait, and why
     */
    void tell(Mail mail, Map<MailAddress, Failure> waiting) {
        tell(mail, waiting, clock.instant().plus(untilDue(mail)));
    }

    /** Handles a mail that was not tried because of this server's own limits: after a minute it is listed and its sender notified. */
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
            Instant last = due.plus(schedules.apply(mail).timeLeftAfter(FailureNotice.retriesOf(mail)));
            Instant until = time(mail, ReportMails.EXPIRES).filter(last::isAfter).orElse(last);
            if (notice.send(mail, waiting, until)) {
                mail.setAttribute(new Attribute(NOTIFIED, AttributeValue.of(true)));
            }
        }
    }

    /**
     * Updates the list after an attempt. Never throws.
     *
     * @param before the result of {@link #listed} before the attempt
     * @param later the recipients that still wait
     * @param nextHop the kind of server that takes the mail
     */
    void attempted(Mail mail, Set<String> before, Map<MailAddress, Failure> later, NextHop nextHop) {
        if (later.isEmpty() && before.isEmpty()) {
            return;
        }
        quietly(mail, () -> {
            String item = held.item(mail.getName());
            Map<String, Why> waiting = new LinkedHashMap<>();
            later.entrySet().stream().sorted(Map.Entry.comparingByKey(Comparator.comparing(MailAddress::asString))).forEach(each -> {
                String domain = domainOf(each.getKey());
                if (waiting.size() < MAX_DOMAINS) {
                    waiting.computeIfAbsent(domain, any -> each.getValue().why(nextHop == NextHop.GATEWAY ? "the gateway" : domain));
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

    /** Lists a mail that was delivered under {@code observe} and would be held if policies were enforced. Never throws. */
    void wouldWait(Mail mail, Failure why) {
        quietly(mail, () -> domains(mail).stream().sorted().limit(MAX_DOMAINS)
            .forEach(domain -> held.wouldWait(domain, why.why(domain))));
    }

    /** The kind of server that takes a mail. */
    enum NextHop { MX_HOST, GATEWAY }

    private void quietly(Mail mail, Runnable change) {
        try {
            change.run();
        } catch (RuntimeException | Error e) {
            LOGGER.error("Mail {}: the list of held mails was not changed", mail.getName(), e);
        }
    }

    /** The time of the first failure, which is now if the mail has none. */
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
