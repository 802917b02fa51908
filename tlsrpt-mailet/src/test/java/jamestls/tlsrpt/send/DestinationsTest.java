package jamestls.tlsrpt.send;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.REPORTER;
import static jamestls.tlsrpt.Samples.met;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.FakeDns;
import jamestls.fakeinternet.SettableClock;
import jamestls.outcome.ReportMailListener.LostReport;
import jamestls.rua.Rua;
import jamestls.tlsrpt.collect.OutcomeJournal;
import jamestls.tlsrpt.report.ReturnedMail;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.MemoryDestinationStore;
import jamestls.tlsrpt.store.MemoryReportStore;
import jamestls.tlsrpt.store.MemoryTallyStore;
import jamestls.tlsrpt.store.ReportRecord;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyLimits;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Retries, limits, rules and suppression of destinations. */
class DestinationsTest {

    private static final String MAIL = "mailto:tls@rcpt.example";
    private static final String WEB = "https://in.rcpt.example/tlsrpt";

    private final RecordingMetricFactory metrics = new RecordingMetricFactory();
    private final SettableClock clock = new SettableClock(Instant.parse("2026-03-02T00:10:00Z"));
    private final FakeDns dns = FakeDns.answeringOnly(FakeDns.Question.TXT);
    private final Outbox outbox = new Outbox();
    private final MemoryTallyStore tallies = new MemoryTallyStore(TallyLimits.DEFAULT);
    private final MemoryReportStore reports = new MemoryReportStore(100);
    private final OutcomeJournal journal = new OutcomeJournal(tallies, metrics, clock);
    private final MemoryDestinationStore destinations = new MemoryDestinationStore();
    private final SuppressionList suppressions = new SuppressionList(destinations, clock);
    private final ReturnedReports returned = new ReturnedReports(reports, suppressions, Counters.of(metrics), clock);

    @AfterEach
    void stop() {
        journal.close();
    }

    @Test
    void refusedReportShouldBeRetriedWithGrowingPausesForADayAndThenDropped() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL + "," + WEB);
        outbox.refuse(WEB);
        journal.record(List.of(met(NOON)));
        ReportRun run = run("", 1_000, 1, Optional.empty());
        Instant first = clock.instant();
        List<Duration> tries = new ArrayList<>();
        List<ReportResult> last = List.of();

        for (int minute = 0; minute < 36 * 60; minute++) {
            List<ReportResult> results = due(run);
            results.forEach(result -> tries.add(Duration.between(first, clock.instant())));
            last = results.isEmpty() ? last : results;
            clock.advance(Duration.ofMinutes(1));
        }

        assertThat(tries.subList(0, 7)).extracting(Duration::toMinutes).containsExactly(0L, 5L, 15L, 35L, 75L, 155L, 315L);
        assertThat(tries).hasSize(11).allMatch(since -> since.compareTo(Duration.ofHours(24)) < 0);
        assertThat(last).singleElement().isInstanceOf(ReportResult.Sent.class);
        assertThat(outbox.destinations()).containsExactly(MAIL);
        assertThat(record(WEB).state()).isEqualTo(ReportRecord.State.GIVEN_UP);
        assertThat(record(WEB).result()).isEqualTo("given up after 11 tries: not today");
    }

    @Test
    void reportThatNoDestinationAcceptsShouldBeGivenUpAndCounted() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + WEB);
        outbox.refuse(WEB);
        journal.record(List.of(met(NOON)));
        ReportRun run = run("", 1_000, 1, Optional.empty());
        ReportResult last = null;
        for (int i = 0; i < 11; i++) {
            last = now(run).getFirst();
        }

        assertThat(last).isInstanceOf(ReportResult.GivenUp.class);
        assertThat(metrics.countFor("tlsReportsFailed")).isEqualTo(1);
        assertThat(now(run)).isEmpty();
    }

    @Test
    void hostShouldGetNoMoreReportsThanItsDailyLimit() {
        for (int i = 0; i < 5; i++) {
            DomainName domain = DomainName.of("d" + i + ".example");
            dns.rua(domain, "v=TLSRPTv1;rua=https://victim.example/" + i);
            journal.record(List.of(met(NOON, domain)));
        }
        ReportRun run = run("", 3, 1, Optional.empty());

        assertThat(now(run)).filteredOn(ReportResult.Postponed.class::isInstance).hasSize(2);
        assertThat(outbox.destinations()).hasSize(3);
        assertThat(metrics.countFor("tlsReportDestinationsOverCap")).isEqualTo(2);

        clock.advance(Duration.ofHours(24));
        assertThat(now(run)).hasSize(2);
        assertThat(outbox.destinations()).hasSize(5).doesNotHaveDuplicates();
    }

    @Test
    void retryAfterShouldBeHonouredWithinBounds() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL + "," + WEB);
        journal.record(List.of(met(NOON)));
        ReportTransport.ByScheme busy = new ReportTransport.ByScheme(
            (file, to) -> new ReportTransport.Failed("busy", Optional.of(Duration.ofDays(1))),
            (file, to) -> new ReportTransport.Failed("busy", Optional.of(Duration.ofSeconds(1))));
        now(new ReportRun(ReportRun.Settings.plain(REPORTER, metrics, clock), tallies, reports, dns, busy, new ReportLog(metrics), clock));

        assertThat(record(MAIL).retryAt()).contains(clock.instant().plus(Duration.ofHours(8)));
        assertThat(record(WEB).retryAt()).contains(clock.instant().plus(Duration.ofMinutes(5)));
    }

    @Test
    void destinationsBeyondTenShouldGetNoReportAndBeRecorded() {
        String denied = IntStream.range(0, 10).mapToObj(i -> "https://web.example/" + i).collect(Collectors.joining(","));
        String good = IntStream.range(0, 12).mapToObj(i -> "mailto:r" + i + "@rcpt.example").collect(Collectors.joining(","));
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + denied + ",mailto:R0@rcpt.example," + good);
        journal.record(List.of(met(NOON)));

        now(run("deny web.example", 1_000, 1, Optional.empty()));

        assertThat(outbox.destinations()).hasSize(10).contains("mailto:R0@rcpt.example", "mailto:r9@rcpt.example");
        assertThat(record("mailto:r10@rcpt.example").result()).contains("more than 10 destinations", "1 after it get no report");
        assertThat(record("mailto:r10@rcpt.example").state()).isEqualTo(ReportRecord.State.GIVEN_UP);
    }

    @Test
    void failedLookupShouldBeRecordedUntilTheRecordIsFound() {
        dns.answer(FakeDns.Question.TXT, RCPT.child("_smtp._tls"), new DnsAnswer.Failed<>("SERVFAIL"));
        journal.record(List.of(met(NOON)));
        ReportRun run = run("", 1_000, 1, Optional.empty());
        now(run);

        assertThat(record("dns:_smtp._tls.rcpt.example?type=TXT")).satisfies(lookup -> {
            assertThat(lookup.result()).isEqualTo("DNS: SERVFAIL");
            assertThat(lookup.retryAt()).contains(clock.instant().plus(Duration.ofMinutes(5)));
        });
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL);
        assertThat(now(run)).singleElement().isInstanceOf(ReportResult.Sent.class);
        assertThat(record("dns:_smtp._tls.rcpt.example?type=TXT").state()).isEqualTo(ReportRecord.State.ACCEPTED);
    }

    @Test
    void errorAtOneDestinationShouldNotStopTheOthers() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + WEB + "," + MAIL);
        journal.record(List.of(met(NOON)));
        ReportTransport.ByScheme failing = new ReportTransport.ByScheme(outbox.transports().mail(), (file, to) -> {
            throw new NoClassDefFoundError("descriptors used up");
        });
        now(new ReportRun(ReportRun.Settings.plain(REPORTER, metrics, clock), tallies, reports, dns, failing, new ReportLog(metrics),
            clock));

        assertThat(outbox.destinations()).containsExactly(MAIL);
        assertThat(record(WEB).state()).isEqualTo(ReportRecord.State.REFUSED);
    }

    @Test
    void reportOverTheLimitShouldWaitForTheNextDayAndNotCountAsATry() {
        requestReportsToOneHost(3);
        ReportRun run = run("", 1, 1, Optional.empty());
        runForTwoDays(run);

        assertThat(outbox.destinations()).hasSize(3).doesNotHaveDuplicates();
        assertThat(reports.latest(10)).hasSize(3).allSatisfy(record -> {
            assertThat(record.state()).isEqualTo(ReportRecord.State.ACCEPTED);
            assertThat(record.tries()).isEqualTo(1);
        });
        assertThat(metrics.countFor("tlsReportDestinationsDropped")).isZero();
    }

    @Test
    void reportOverTheLimitFor48HoursShouldBeDroppedCountedAndRecorded() {
        requestReportsToOneHost(5);
        ReportRun run = run("", 1, 1, Optional.empty());
        List<ReportResult> results = runForTwoDays(run);

        // one on the first day; two on the second, because the host has accepted one
        assertThat(outbox.destinations()).hasSize(3).doesNotHaveDuplicates();
        assertThat(metrics.countFor("tlsReportDestinationsDropped")).isEqualTo(2);
        assertThat(results).filteredOn(ReportResult.GivenUp.class::isInstance).hasSize(2);
        assertThat(reports.latest(10)).filteredOn(record -> record.state() == ReportRecord.State.GIVEN_UP).hasSize(2)
            .allSatisfy(record -> {
                assertThat(record.result()).startsWith("dropped: victim.example has reached its limit of 2 reports");
                assertThat(record.at()).isEqualTo("2026-03-03T23:55:00Z");
                assertThat(record.tries()).isZero();
            });
    }

    private void requestReportsToOneHost(int domains) {
        for (int i = 0; i < domains; i++) {
            DomainName domain = DomainName.of("d" + i + ".example");
            dns.rua(domain, "v=TLSRPTv1;rua=https://victim.example/" + i);
            journal.record(List.of(met(NOON, domain)));
        }
    }

    private List<ReportResult> runForTwoDays(ReportRun run) {
        List<ReportResult> results = new ArrayList<>();
        for (int minute = 0; minute < 48 * 60; minute++) {
            results.addAll(due(run));
            clock.advance(Duration.ofMinutes(1));
        }
        return results;
    }

    @Test
    void rulesShouldDecideWhereReportsGo() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL + "," + WEB + ",mailto:a@other.example");
        journal.record(List.of(met(NOON)));

        now(run("deny in.rcpt.example\nreplace tls@rcpt.example post@elsewhere.example", 1_000, 1, Optional.empty()));

        assertThat(outbox.destinations()).containsExactly("mailto:post@elsewhere.example", "mailto:a@other.example");
        assertThat(metrics.countFor("tlsReportDestinationsDenied")).isEqualTo(1);
        assertThat(metrics.countFor("tlsReportDestinationsReplaced")).isEqualTo(1);
        assertThat(record(WEB).state()).isEqualTo(ReportRecord.State.GIVEN_UP);
        assertThat(record(WEB).result()).isEqualTo("denied by the rule 'deny in.rcpt.example'");
    }

    @Test
    void domainWithOnlyDeniedDestinationsShouldGetNoReport() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL);
        journal.record(List.of(met(NOON)));

        assertThat(now(run("deny *", 1_000, 1, Optional.empty()))).singleElement()
            .isInstanceOfSatisfying(ReportResult.NotWanted.class, none -> assertThat(none.reason()).contains("deny *"));
    }

    @Test
    void domainWithTooFewSessionsShouldGetNoReport() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL);
        journal.record(List.of(met(NOON), met(NOON)));

        assertThat(now(run("", 1_000, 3, Optional.empty()))).singleElement()
            .isInstanceOfSatisfying(ReportResult.NotWanted.class, none -> assertThat(none.reason()).isEqualTo("fewer than 3 sessions"));
        assertThat(outbox.destinations()).isEmpty();
    }

    @Test
    void addressThatRejectedAReportShouldBeSuppressedForAWeek() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL);
        ReportRun run = run("", 1_000, 1, Optional.empty());
        returned.lost(new LostReport("m1", "TLS@rcpt.example", Optional.empty(), LostReport.Reason.REFUSED, "550 5.1.1 nobody here"));
        journal.record(List.of(met(NOON)));

        assertThat(now(run)).singleElement().isInstanceOfSatisfying(ReportResult.GivenUp.class,
            given -> assertThat(given.reason()).contains("suppressed until 2026-03-09T00:10:00Z", "nobody here"));
        assertThat(metrics.countFor("tlsReportDestinationsLeftAlone")).isEqualTo(1);
        assertThat(metrics.countFor("tlsReportMailsRefused")).isEqualTo(1);

        clock.advance(Duration.ofDays(7));
        journal.record(List.of(met(clock.instant())));
        assertThat(now(run)).singleElement().isInstanceOf(ReportResult.Sent.class);
    }

    @Test
    void suppressionShouldSurviveARestart() {
        returned.lost(new LostReport("m1", "TLS@rcpt.example", Optional.empty(), LostReport.Reason.REFUSED, "550 5.1.1 nobody here"));

        assertThat(new SuppressionList(destinations, clock).objection("tls@rcpt.example")).hasValueSatisfying(
            why -> assertThat(why).contains("2026-03-09T00:10:00Z", "550 5.1.1 nobody here"));
    }

    @Test
    void suppressionShouldReachOtherServersWithinAMinute() {
        SuppressionList other = new SuppressionList(destinations, clock);
        assertThat(other.objection("tls@rcpt.example")).isEmpty();
        returned.lost(new LostReport("m1", "tls@rcpt.example", Optional.empty(), LostReport.Reason.REFUSED, "550"));
        clock.advance(Duration.ofSeconds(61));

        assertThat(other.objection("tls@rcpt.example")).isPresent();
    }

    @Test
    void reportThatExpiredInTheQueueShouldBeRecordedAsLost() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL + "," + WEB);
        journal.record(List.of(met(NOON)));
        now(run("", 1_000, 1, Optional.empty()));
        returned.lost(new LostReport("m1", "tls@rcpt.example", Optional.of(record(MAIL).reportId()),
            LostReport.Reason.EXPIRED, "451 4.4.1 no answer"));

        assertThat(record(MAIL)).extracting(ReportRecord::state, ReportRecord::result)
            .containsExactly(ReportRecord.State.LOST, "expired: 451 4.4.1 no answer");
        assertThat(record(WEB).state()).isEqualTo(ReportRecord.State.ACCEPTED);
    }

    @Test
    void bouncedReportShouldBeRecordedAsLostAndItsAddressSuppressed() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL);
        journal.record(List.of(met(NOON)));
        now(run("", 1_000, 1, Optional.empty()));
        returned.returned(new ReturnedMail(record(MAIL).reportId(), "tls@rcpt.example", true, "5.1.1 smtp; 550 no"));

        assertThat(record(MAIL)).extracting(ReportRecord::state, ReportRecord::result)
            .containsExactly(ReportRecord.State.LOST, "bounced: 5.1.1 smtp; 550 no");
        assertThat(suppressions.objection("tls@rcpt.example")).isPresent();
        assertThat(metrics.countFor("tlsReportMailsReturned")).isEqualTo(1);
    }

    @Test
    void addressThatCouldNotBeReachedShouldNotBeSuppressed() {
        returned.lost(new LostReport("m1", "tls@rcpt.example", Optional.empty(), LostReport.Reason.EXPIRED, "451 4.4.1 no answer"));

        assertThat(suppressions.objection("tls@rcpt.example")).isEmpty();
        assertThat(metrics.countFor("tlsReportMailsExpired")).isEqualTo(1);
    }

    @Test
    void copyToTheArchiveShouldNotCountAsDelivery() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL);
        outbox.refuse(MAIL);
        journal.record(List.of(met(NOON)));
        ReportRun run = run("", 1, 1, Optional.of((Rua.Mailto) Rua.of("mailto:archive@sender.example")));

        assertThat(now(run)).singleElement().isInstanceOf(ReportResult.Postponed.class);
        assertThat(outbox.destinations()).containsExactly("mailto:archive@sender.example");
    }

    private ReportRun run(String rules, int cap, int minSessions, Optional<Rua.Mailto> archive) {
        DestinationGuard guard = new DestinationGuard(DestinationRules.parse(rules, Set.of(443)), cap, destinations, suppressions,
            Counters.of(metrics), clock);
        return new ReportRun(new ReportRun.Settings(REPORTER, guard, minSessions, archive), tallies, reports, dns, outbox.transports(),
            new ReportLog(metrics), clock);
    }

    private List<ReportResult> now(ReportRun run) {
        return results(run, Due.everything(clock.instant()));
    }

    private List<ReportResult> due(ReportRun run) {
        return results(run, Due.finishedDays(clock.instant()));
    }

    private static List<ReportResult> results(ReportRun run, Due due) {
        List<ReportResult> results = new ArrayList<>();
        run.run(due, key -> true, results::add);
        return results;
    }

    private ReportRecord record(String destination) {
        return reports.of(new TallyKey(DAY, RCPT)).stream()
            .filter(each -> each.destination().equals(destination)).findFirst().orElseThrow();
    }
}
