package jamestls.tlsrpt.inbox;

import jamestls.dns.DomainName;
import jamestls.net.Sanitized;
import jamestls.net.SanitizedLogger;
import jamestls.outcome.OwnDomainEvents;
import jamestls.outcome.TlsOutcomeSink;
import jamestls.outcome.TlsOutcomes;
import jamestls.storage.DatabaseAddress;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.dkim.DkimVerifier;
import jamestls.tlsrpt.inbox.InboxStore.Added;
import jamestls.tlsrpt.inbox.ReceivedReport.Trust;
import jamestls.tlsrpt.send.Counters;
import jamestls.tlsrpt.send.Counters.Counter;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** Wires and owns everything that reads received reports and raises alarms; one for all TlsReportInbox entries of a server. */
public final class Inbox {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(Inbox.class);
    private static final Duration INTERVAL = Duration.ofSeconds(30);
    private static final Duration HOUSEKEEPING = Duration.ofHours(1);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(5);
    /** Reports that wait in memory while the database fails. */
    private static final int MAX_WAITING = 500;
    /** Share of the memory of one mail in octets; reading takes several times its size. */
    private static final int MEGABYTE = 1 << 20;
    private static final int MEGABYTES = 32;
    private static final Duration MEMORY_TIMEOUT = Duration.ofSeconds(10);
    private static final int MAX_SHOWN = 5;
    private static final int MAX_REASON = 200;

    private final InboxSettings settings;
    private final OwnDomains ownDomains;
    private final InboxStore store;
    private final AlarmStore alarms;
    private final ReportReader reader;
    private final InboundAlarms inbound;
    private final OutboundFailures outbound;
    private final Predicate<String> alarmMail;
    private final Metrics metrics;
    private final Clock clock;
    private final Optional<String> databaseProblem;

    private final Queue<ReceivedReport> waiting = new ArrayBlockingQueue<>(MAX_WAITING);
    private final Semaphore megabytes = new Semaphore(MEGABYTES, true);
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread timer = Thread.ofVirtual().name("tlsinbox-timer").unstarted(this::work);
    private volatile Instant lastHousekeeping = Instant.EPOCH;
    private volatile List<String> alarmsOfToday = List.of();
    private volatile Optional<String> storeProblem = Optional.empty();
    /** Whether the store failed in this round. */
    private volatile boolean storeFailed;

    /** What became of a mail. */
    public enum Result {
        /** Its report is from a verified sender and was counted. */
        COUNTED,
        /** Its report was stored apart from those of verified senders. */
        UNVERIFIED,
        /** A copy of a report that was counted before. */
        DUPLICATE,
        /** It replaces a report. */
        CORRECTED,
        /** It has no report that could be counted. */
        NOT_COUNTED
    }

    /**
     * Result of {@link #accept}.
     *
     * @param reason one line of printable ASCII; empty if the report was counted
     */
    public record Reading(Result result, String reason) {
    }

    /** Counters that James publishes. */
    private record Metrics(Counter received, Counter unverified, Counter duplicates, Counter notCounted, Counter sessions, Counter failures,
                           Counter alarms) {

        static Metrics of(Counters counters) {
            return new Metrics(counters.named("tlsReportsReceived"), counters.named("tlsReportsReceivedUnverified"),
                counters.named("tlsReportsReceivedDuplicate"), counters.named("tlsReportsReceivedNotCounted"),
                counters.named("tlsReceivedSessions"), counters.named("tlsReceivedFailures"), counters.named("tlsAlarms"));
        }
    }

    /**
     * What the inbox needs of its surroundings.
     *
     * @param dkim verifier of signatures
     * @param alarmMail sends a text to the administrators; returns whether James took the mail
     */
    public record Network(DkimVerifier dkim, Predicate<String> alarmMail) {
    }

    /**
     * Wires everything; {@link #start} starts it.
     *
     * @param store closed by {@link #stop}
     */
    public Inbox(InboxSettings settings, InboxStore store, Network network, OwnDomainEvents events, TlsOutcomes outcomes, Counters counters,
                 Clock clock) {
        this.settings = settings;
        this.ownDomains = settings.ownDomains().isEmpty() ? new OwnDomains(events::domains) : OwnDomains.of(settings.ownDomains());
        this.store = store;
        this.alarms = new AlarmStore(store.database());
        this.reader = new ReportReader(ownDomains, network.dkim());
        this.inbound = new InboundAlarms(alarms, new InboxView(store.database()), events, settings.alarms().ratePerMille(), clock);
        this.outbound = new OutboundFailures(outcomes, settings.alarms().ratePerMille(), clock);
        this.alarmMail = network.alarmMail();
        this.metrics = Metrics.of(counters);
        this.clock = clock;
        this.databaseProblem = settings.store().database().flatMap(DatabaseAddress::objection);
    }

    /** Gets the outcomes of deliveries. */
    TlsOutcomeSink outbound() {
        return outbound;
    }

    /** The domains whose reports are counted. */
    public Set<DomainName> ownDomains() {
        return ownDomains.names();
    }

    /** Where the reports are. */
    public InboxStore store() {
        return store;
    }

    /** The octets of a mail, read when there is memory for them. */
    @FunctionalInterface
    public interface Content {

        /** Header and body, or the first octets, at least one more than {@link ReportReader#MAX_MAIL}. */
        byte[] read() throws IOException;
    }

    /**
     * Reads a mail and counts its report. Throws nothing that a mail can cause.
     *
     * @param size in octets, as far as it is known
     * @param name James's name of the mail
     */
    public Reading accept(Content content, long size, String name) {
        Reading reading = withinMemory(content, size, name);
        if (reading.result == Result.NOT_COUNTED) {
            metrics.notCounted.increment();
            LOGGER.warn("tlsinbox: mail {} is passed on, its report is not counted: {}", name, reading.reason);
        }
        return reading;
    }

    /** Waits for a share of the memory that mails may take, so that many large ones at once can't fill the heap. */
    private Reading withinMemory(Content content, long size, String name) {
        int share = Math.clamp(1 + size / MEGABYTE, 1, 1 + ReportReader.MAX_MAIL / MEGABYTE);
        try {
            if (!megabytes.tryAcquire(share, MEMORY_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                return new Reading(Result.NOT_COUNTED, "too many reports are read at the same time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Reading(Result.NOT_COUNTED, "James stops");
        }
        try {
            return read(content, name);
        } finally {
            megabytes.release(share);
        }
    }

    private Reading read(Content content, String name) {
        ReceivedReport report;
        try {
            byte[] mail = content.read();
            if (mail.length > ReportReader.MAX_MAIL) {
                throw new Unreadable("the mail is larger than " + ReportReader.MAX_MAIL + " octets");
            }
            report = reader.read(mail);
            checkTime(report);
        } catch (IOException e) {
            return new Reading(Result.NOT_COUNTED, Sanitized.ascii("the mail can't be read: " + e.getMessage(), MAX_REASON));
        } catch (Unreadable e) {
            return new Reading(Result.NOT_COUNTED, Sanitized.ascii(e.getMessage(), MAX_REASON));
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsinbox: unexpected error while mail {} was read", name, e);
            return new Reading(Result.NOT_COUNTED, "unexpected error: " + e.getClass().getSimpleName());
        }
        try {
            return added(report, store.add(report, clock.instant()), name);
        } catch (StorageOutage e) {
            storeFails(e);
            return new Reading(Result.NOT_COUNTED, keep(report) ? "the store failed; the report is counted when it works again"
                : "the store failed");
        }
    }

    private void checkTime(ReceivedReport report) throws Unreadable {
        Instant now = clock.instant();
        LocalDate today = now.atZone(ZoneOffset.UTC).toLocalDate();
        int days = Math.min(InboxStore.REPORT_DAYS, settings.store().retentionDays());
        if (report.head().start().isAfter(now.plus(Duration.ofDays(1)))) {
            throw new Unreadable("it is about a time in the future, " + report.head().start());
        }
        if (report.head().day().isBefore(today.minusDays(days))) {
            throw new Unreadable("it is about " + report.head().day() + ", more than " + days + " days ago");
        }
    }

    private Reading added(ReceivedReport report, Added added, String name) {
        ReceivedReport.Sender sender = report.sender();
        if (added == Added.OVER_LIMIT) {
            return new Reading(Result.NOT_COUNTED, "the daily limit of reports is reached");
        }
        if (added == Added.DUPLICATE) {
            metrics.duplicates.increment();
            LOGGER.info("tlsinbox: result=duplicate submitter={} trust={} report-id={} mail={}", sender.submitter(), word(sender.trust()),
                quoted(report.head().reportId()), name);
            return new Reading(Result.DUPLICATE, "the report was counted before");
        }
        long sessions = DomainSums.of(report.elements()).values().stream().mapToLong(DomainSums::sessions).sum();
        long failed = DomainSums.of(report.elements()).values().stream().mapToLong(DomainSums::failed).sum();
        LOGGER.info("tlsinbox: result={} submitter={} trust={} day={} domains={} sessions={} failed={} report-id={} notes={} mail={}",
            added == Added.NEW ? "counted" : "corrected", sender.submitter(), word(sender.trust()), report.head().day(),
            DomainSums.of(report.elements()).keySet(), sessions, failed, quoted(report.head().reportId()),
            quoted(String.join("; ", report.notes())), name);
        if (sender.trust() == Trust.UNVERIFIED) {
            metrics.unverified.increment();
            return new Reading(Result.UNVERIFIED, report.notes().stream().filter(note -> note.startsWith("not verified")).findFirst()
                .orElse("not verified"));
        }
        metrics.received.increment();
        metrics.sessions.add((int) Math.min(sessions, Integer.MAX_VALUE));
        metrics.failures.add((int) Math.min(failed, Integer.MAX_VALUE));
        return new Reading(added == Added.NEW ? Result.COUNTED : Result.CORRECTED, "");
    }

    private static String word(Trust trust) {
        return trust == Trust.VERIFIED ? "verified" : "unverified";
    }

    private static String quoted(String text) {
        return '"' + Sanitized.logValue(text, MAX_REASON) + '"';
    }

    /** Keeps a report in memory until the store works. @return false if there are too many */
    private boolean keep(ReceivedReport report) {
        return waiting.offer(report);
    }

    /** Current problems for the health check, one sentence each; alarms count until their UTC day ends. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        databaseProblem.ifPresent(problems::add);
        if (ownDomains.names().isEmpty()) {
            problems.add("TlsReportInbox counts no report: write ownDomains, there or in SecureRemoteDelivery");
        }
        storeProblem.ifPresent(problem -> problems.add("received reports can't be stored: " + problem));
        List<String> today = alarmsOfToday;
        today.stream().limit(MAX_SHOWN).forEach(problems::add);
        if (today.size() > MAX_SHOWN) {
            problems.add((today.size() - MAX_SHOWN) + " more alarms today; received --alarms lists them");
        }
        return problems;
    }

    /** Starts the alarms. */
    public void start(TlsOutcomes outcomes) {
        outcomes.subscribe(outbound);
        timer.start();
    }

    /** Stops everything and closes the store. */
    public void stop(TlsOutcomes outcomes) {
        outcomes.unsubscribe(outbound);
        stopped.countDown();
        try {
            if (timer.isAlive() && !timer.join(STOP_TIMEOUT)) {
                LOGGER.warn("tlsinbox: alarms were not sent within {}", STOP_TIMEOUT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        runLogged("storing the reports that wait", this::storeWaiting);
        runLogged("closing the store", store::close);
    }

    private void work() {
        try {
            while (!stopped.await(INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
                tick();
            }
        } catch (InterruptedException stop) {
            LOGGER.debug("tlsinbox: the timer was interrupted and stops");
        }
    }

    /** One round: stores what waits, looks for alarms, sends them. */
    void tick() {
        storeFailed = false;
        runLogged("storing the reports that wait", this::storeWaiting);
        runLogged("looking for alarms in received reports", () -> inbound.run(this::raise));
        runLogged("looking for alarms of deliveries", () -> outbound.find().forEach(this::raise));
        runLogged("sending alarms", this::sendAlarms);
        runLogged("reading the alarms of today", () -> alarmsOfToday = alarms.since(today(), InboxView.MAX_LINES).stream()
            .map(Alarm::text).toList());
        if (lastHousekeeping.plus(HOUSEKEEPING).isBefore(clock.instant())) {
            lastHousekeeping = clock.instant();
            runLogged("deleting old reports", () -> store.forget(today().minusDays(settings.store().retentionDays()), today()));
        }
        if (!storeFailed && storeProblem.isPresent()) {
            storeProblem = Optional.empty();
            LOGGER.warn("tlsinbox: the store works again");
        }
    }

    private void raise(Alarm alarm) {
        if (alarms.add(alarm)) {
            metrics.alarms.increment();
            LOGGER.warn("tlsinbox: alarm: {}", alarm.text());
        }
    }

    private void storeFails(StorageOutage e) {
        storeFailed = true;
        if (storeProblem.isEmpty()) {
            LOGGER.error("tlsinbox: the store fails; received reports wait in memory, {} at most: {}", MAX_WAITING, e.getMessage());
        }
        storeProblem = Optional.of(Sanitized.ascii(e.getMessage(), MAX_REASON));
    }

    private LocalDate today() {
        return clock.instant().atZone(ZoneOffset.UTC).toLocalDate();
    }

    private void storeWaiting() {
        for (ReceivedReport next = waiting.peek(); next != null; next = waiting.peek()) {
            added(next, store.add(next, clock.instant()), "(stored later)");
            waiting.remove();
        }
    }

    private void sendAlarms() {
        List<AlarmStore.Claimed> claimed = alarms.claim(clock.instant());
        if (claimed.isEmpty()) {
            return;
        }
        String lines = String.join("\r\n", claimed.stream().map(alarm -> "- " + alarm.text()).toList());
        if (alarmMail.test(lines)) {
            alarms.sent(claimed);
        } else {
            alarms.release(claimed);
        }
    }

    /** Runs a step; the next one runs whatever is thrown. */
    private void runLogged(String what, Runnable step) {
        try {
            step.run();
        } catch (StorageOutage e) {
            storeFails(e);
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsinbox: {} failed, trying again", what, e);
        }
    }
}
