package jamestls.tlsrpt.inbox;

import jamestls.dns.DomainName;
import jamestls.net.Sanitized;
import jamestls.outcome.OwnDomainEvents;
import jamestls.tlsrpt.inbox.InboxView.OfCause;
import jamestls.tlsrpt.inbox.InboxView.Selection;
import jamestls.tlsrpt.inbox.InboxView.Sums;
import jamestls.tlsrpt.inbox.ReceivedReport.Trust;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Finds alarms in received reports of verified senders: a kind of failure that was not reported in the 30 days before, or a rate of failed
 * sessions over the limit. What changed at the domain about that time is added to the text.
 */
final class InboundAlarms {

    private static final int KNOWN_DAYS = 30;
    /** Reports about earlier days give no alarm. */
    private static final int RECENT_DAYS = 8;
    private static final int MAX_CAUSES = 1_000;
    private static final int MAX_REPORTERS = 3;
    private static final int MAX_EVENTS = 3;
    private static final int MAX_EVENT = 200;
    private static final int DAYS_BEFORE = 2;
    private static final DateTimeFormatter MINUTE = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);

    private final AlarmStore alarms;
    private final InboxView view;
    private final OwnDomainEvents events;
    private final int ratePerMille;
    private final Clock clock;

    InboundAlarms(AlarmStore alarms, InboxView view, OwnDomainEvents events, int ratePerMille, Clock clock) {
        this.alarms = alarms;
        this.view = view;
        this.events = events;
        this.ratePerMille = ratePerMille;
        this.clock = clock;
    }

    /**
     * Looks at everything that was reported since the last call, on any server.
     *
     * @param raise stores an alarm
     */
    void run(Consumer<Alarm> raise) {
        LocalDate today = clock.instant().atZone(ZoneOffset.UTC).toLocalDate();
        for (AlarmStore.Pending pending : alarms.pending()) {
            if (!pending.day().isBefore(today.minusDays(RECENT_DAYS))) {
                find(pending.domain(), pending.day()).forEach(raise);
            }
            alarms.done(pending);
        }
    }

    List<Alarm> find(DomainName domain, LocalDate day) {
        Selection ofDay = new Selection(Optional.of(domain), Trust.VERIFIED, day, day);
        List<OfCause> causes = view.byCause(ofDay, MAX_CAUSES);
        Optional<Sums> sums = view.byDay(ofDay).stream().map(InboxView.OfDay::sums).findFirst();
        if (sums.isEmpty() || sums.get().failed() == 0) {
            return List.of();
        }
        List<OfCause> before = view.byCause(
            new Selection(Optional.of(domain), Trust.VERIFIED, day.minusDays(KNOWN_DAYS), day.minusDays(1)), InboxView.MAX_LINES);
        Set<DomainSums.Cause> known = new HashSet<>();
        before.forEach(each -> known.add(new DomainSums.Cause(each.type(), each.mxHost())));
        List<Alarm> found = new ArrayList<>();
        for (OfCause cause : causes) {
            if (!known.contains(new DomainSums.Cause(cause.type(), cause.mxHost()))) {
                found.add(alarm(domain, cause.type() + " " + cause.mxHost(), text(ofDay, sums.get(), Optional.of(cause), day)));
            }
        }
        boolean overRate = sums.get().failed() * 1_000 > ratePerMille * sums.get().sessions();
        if (found.isEmpty() && overRate) {
            Optional<OfCause> largest = causes.stream().findFirst();
            LocalDate since = largest.flatMap(cause -> before.stream().filter(each -> each.type().equals(cause.type())
                && each.mxHost().equals(cause.mxHost())).map(OfCause::first).findFirst()).orElse(day);
            found.add(alarm(domain, "rate", text(ofDay, sums.get(), largest, since)));
        }
        return found;
    }

    private Alarm alarm(DomainName domain, String cause, String text) {
        return new Alarm(clock.instant(), Alarm.Direction.INBOUND, domain, cause, text);
    }

    private String text(Selection selection, Sums sums, Optional<OfCause> cause, LocalDate since) {
        DomainName domain = selection.domain().orElseThrow();
        long reporters = cause.map(OfCause::reporters).orElse(sums.reporters());
        long failures = cause.map(each -> Math.min(each.failures(), sums.sessions())).orElse(sums.failed());
        String names = view.byReporter(selection, MAX_REPORTERS).stream().filter(each -> each.sums().failed() > 0)
            .map(each -> each.submitter().ascii()).collect(Collectors.joining(", "));
        return String.format(Locale.ROOT, "%s: %,d reporter%s (%s%s), %,d of %,d sessions on %s%s, since %s%s", domain, reporters,
            reporters == 1 ? "" : "s", names, reporters > MAX_REPORTERS ? ", ..." : "", failures, sums.sessions(), selection.first(),
            cause.map(each -> ", " + each.type() + (each.mxHost().isEmpty() ? "" : " at " + each.mxHost())).orElse(""), since,
            changes(domain, cause.map(OfCause::mxHost).orElse(""), since));
    }

    /** What changed at the domain shortly before; changes at the host in question come first. */
    private String changes(DomainName domain, String mxHost, LocalDate since) {
        Instant from = since.minusDays(DAYS_BEFORE).atStartOfDay(ZoneOffset.UTC).toInstant();
        Instant to = since.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant();
        return events.of(domain, from, to).stream()
            .sorted(Comparator.comparing(event -> !event.host().map(DomainName::ascii).orElse("").equals(mxHost)))
            .limit(MAX_EVENTS).map(event -> "; noticed " + MINUTE.format(event.time()) + ": " + Sanitized.ascii(event.text(), MAX_EVENT))
            .collect(Collectors.joining());
    }
}
