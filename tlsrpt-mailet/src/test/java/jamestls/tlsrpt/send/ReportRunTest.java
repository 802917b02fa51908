package jamestls.tlsrpt.send;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.REPORTER;
import static jamestls.tlsrpt.Samples.met;
import static jamestls.tlsrpt.Samples.violated;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.FakeDns;
import jamestls.fakeinternet.SettableClock;
import jamestls.outcome.Violation.ResultType;
import jamestls.tlsrpt.Vectors;
import jamestls.tlsrpt.collect.OutcomeJournal;
import jamestls.tlsrpt.report.ParsedReport;
import jamestls.tlsrpt.report.Reporters;
import jamestls.tlsrpt.report.TlsReport;
import jamestls.tlsrpt.store.Claim;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.MemoryReportStore;
import jamestls.tlsrpt.store.MemoryTallyStore;
import jamestls.tlsrpt.store.ReportRecord;
import jamestls.tlsrpt.store.ReportRecord.Dispatch;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyLimits;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReportRunTest {

    private static final Instant NEXT_MORNING = Instant.parse("2026-03-02T00:10:00Z");
    private static final String MAIL = "mailto:tls@rcpt.example";
    private static final String WEB = "https://in.rcpt.example/tlsrpt";

    private final RecordingMetricFactory metrics = new RecordingMetricFactory();
    private final SettableClock clock = new SettableClock(NEXT_MORNING);
    private final FakeDns dns = FakeDns.answeringOnly(FakeDns.Question.TXT);
    private final Outbox outbox = new Outbox();
    private final MemoryTallyStore tallies = new MemoryTallyStore(TallyLimits.DEFAULT);
    private final MemoryReportStore reports = new MemoryReportStore(100);
    private final OutcomeJournal journal = new OutcomeJournal(tallies, metrics, clock);
    private final ReportRun run =
        new ReportRun(ReportRun.Settings.plain(REPORTER, metrics, clock), tallies, reports, dns, outbox.transports(),
            new ReportLog(metrics), clock);

    @AfterEach
    void close() {
        journal.close();
    }

    @Test
    void dayShouldBeReportedToEveryDestination() {
        dns.rua(RCPT, "v=TLSRPTv1; rua=" + MAIL + "," + WEB + ",ftp://x.example");
        journal.record(List.of(met(NOON), violated(NOON, ResultType.CERTIFICATE_EXPIRED, "")));

        assertThat(all()).singleElement().isInstanceOf(ReportResult.Sent.class);
        assertThat(outbox.destinations()).containsExactly(MAIL, WEB);
        assertThat(outbox.reports().getFirst().policies()).singleElement().satisfies(policy -> {
            assertThat(policy.successes()).isEqualTo(1);
            assertThat(policy.failures()).isEqualTo(1);
        });
        assertThat(reports.latest(10)).extracting(ReportRecord::result).containsExactly("accepted", "accepted");
        assertThat(metrics.countFor("tlsReportsSent")).isEqualTo(1);
    }

    @Test
    void invalidReportShouldNotBeSentAndBeCounted() {
        dns.rua(RCPT, "v=TLSRPTv1; rua=" + MAIL);
        journal.record(List.of(met(NOON)));
        Reporters.Reporter nobody = new Reporters.Reporter("Sender Example", "two words@sender.example", "two words@sender.example");
        ReportRun faulty = new ReportRun(ReportRun.Settings.plain(nobody, metrics, clock), tallies, reports, dns, outbox.transports(),
            new ReportLog(metrics), clock);
        List<ReportResult> results = new ArrayList<>();
        faulty.run(Due.finishedDays(clock.instant()), key -> true, results::add);

        assertThat(results).singleElement().isInstanceOfSatisfying(ReportResult.Faulty.class,
            result -> assertThat(result.problems()).contains("contact-info is not valid"));
        assertThat(outbox.destinations()).isEmpty();
        assertThat(metrics.countFor("tlsReportsFaulty")).isEqualTo(1);
        assertThat(metrics.countFor("tlsReportsFailed")).isEqualTo(1);
        assertThat(all()).isEmpty();
    }

    @Test
    void leapDayShouldBeReportedAsADayOfItsOwn() {
        dns.rua(RCPT, "v=TLSRPTv1; rua=" + MAIL);
        journal.record(List.of(met(Instant.parse("2028-02-28T23:59:59.999Z")), met(Instant.parse("2028-02-29T00:00:00Z")),
            met(Instant.parse("2028-02-29T23:59:59.999Z")), met(Instant.parse("2028-03-01T00:00:00Z"))));
        clock.set(Instant.parse("2028-03-01T00:10:00Z"));

        List<ReportResult> finished = new ArrayList<>();
        run.run(Due.finishedDays(clock.instant()), key -> true, finished::add);
        assertThat(finished).extracting(result -> result.tally().key().day() + " " + result.tally().sessions())
            .containsExactlyInAnyOrder("2028-02-28 1", "2028-02-29 2");
        assertThat(outbox.reports()).extracting(ParsedReport::end)
            .contains(Instant.parse("2028-02-29T23:59:59Z"));
    }

    @Test
    void secondRunShouldHaveNothingLeftToReport() {
        dns.rua(RCPT, "v=TLSRPTv1; rua=" + MAIL);
        journal.record(List.of(met(NOON)));

        assertThat(all()).hasSize(1);
        assertThat(all()).isEmpty();
        assertThat(outbox.reports()).hasSize(1);
    }

    @Test
    void domainWithoutRecordShouldGetNoReportAndLoseItsCounts() {
        journal.record(List.of(met(NOON)));

        assertThat(all()).singleElement().isInstanceOf(ReportResult.NotWanted.class);
        assertThat(tallies.claimable(Due.everything(clock.instant()), Optional.empty(), 10)).isEmpty();
        assertThat(metrics.countFor("tlsReportsNotWanted")).isEqualTo(1);
    }

    @Test
    void domainWithoutSupportedDestinationShouldGetNoReport() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=ftp://reports.rcpt.example");
        journal.record(List.of(met(NOON)));

        assertThat(all()).singleElement().isInstanceOf(ReportResult.NotWanted.class);
    }

    @Test
    void dnsFailureShouldKeepTheCountsForTheNextRun() {
        dns.answer(FakeDns.Question.TXT, RCPT.child("_smtp._tls"), new DnsAnswer.Failed<>("SERVFAIL"));
        journal.record(List.of(met(NOON)));
        assertThat(all()).singleElement().isInstanceOf(ReportResult.Postponed.class);

        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL);
        assertThat(all()).singleElement().isInstanceOf(ReportResult.Sent.class);
        assertThat(outbox.reports().getFirst().id()).matches("20260301_[a-z0-9]{10}\\.rcpt\\.example@sender\\.example");
    }

    @Test
    void bogusAnswerShouldKeepTheCountsForTheNextRun() {
        dns.answer(FakeDns.Question.TXT, RCPT.child("_smtp._tls"), new DnsAnswer.Bogus<>("signature expired"));
        journal.record(List.of(met(NOON)));

        assertThat(all()).singleElement().isInstanceOf(ReportResult.Postponed.class);
        assertThat(tallies.claimable(Due.everything(clock.instant()), Optional.empty(), 10)).hasSize(1);
    }

    @Test
    void countsShouldExpireTwoDaysAfterTheirDay() {
        dns.answer(FakeDns.Question.TXT, RCPT.child("_smtp._tls"), new DnsAnswer.Failed<>("SERVFAIL"));
        journal.record(List.of(met(NOON)));
        clock.set(Instant.parse("2026-03-04T00:00:00Z"));
        assertThat(all()).singleElement().isInstanceOf(ReportResult.Postponed.class);

        clock.advance(Duration.ofSeconds(1));
        assertThat(all()).singleElement().isInstanceOf(ReportResult.Expired.class);
        assertThat(all()).isEmpty();
        assertThat(metrics.countFor("tlsReportsFailed")).isEqualTo(1);
    }

    @Test
    void refusingDestinationShouldBeRetriedAloneAfterAnotherAccepted() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + WEB + "," + MAIL);
        outbox.refuse(WEB);
        journal.record(List.of(met(NOON)));

        assertThat(all()).singleElement().isInstanceOfSatisfying(ReportResult.PartlySent.class,
            some -> assertThat(some.to()).isEqualTo(MAIL + "; open: " + WEB + " (not today)"));
        assertThat(reports.latest(10)).extracting(ReportRecord::result).containsExactly("accepted", "not today");

        outbox.accept(WEB);
        assertThat(all()).singleElement().isInstanceOf(ReportResult.Sent.class);
        assertThat(outbox.destinations()).containsExactly(MAIL, WEB);
        assertThat(all()).isEmpty();
    }

    @Test
    void transportThatThrowsShouldNotSendTheOthersAgain() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL + "," + WEB);
        outbox.failAt(WEB);
        journal.record(List.of(met(NOON)));

        assertThat(all()).singleElement().isInstanceOf(ReportResult.PartlySent.class);
        assertThat(all()).singleElement().isInstanceOf(ReportResult.PartlySent.class);
        assertThat(outbox.destinations()).containsExactly(MAIL);
    }

    @Test
    void reportThatNobodyAcceptsShouldBeRetriedWithTheSameId() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL);
        outbox.refuse(MAIL);
        journal.record(List.of(met(NOON)));
        assertThat(all()).singleElement().isInstanceOf(ReportResult.Postponed.class);
        String id = reports.latest(1).getFirst().reportId();

        outbox.accept(MAIL);
        assertThat(all()).singleElement().isInstanceOf(ReportResult.Sent.class);
        assertThat(reports.latest(10)).extracting(ReportRecord::reportId).containsOnly(id);
        assertThat(outbox.reports()).extracting(ParsedReport::id).containsOnly(id);
    }

    @Test
    void serverThatTakesOverShouldSkipDestinationsThatAcceptedTheReport() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL + "," + WEB);
        journal.record(List.of(met(NOON)));
        TallyKey key = new TallyKey(DAY, RCPT);
        Claim claim = tallies.claim(key, Due.everything(clock.instant())).orElseThrow();
        String id = new TlsReport(REPORTER, claim.tally()).id().toString();
        reports.begin(new Dispatch(key, 1, id, MAIL), clock.instant());
        reports.finish(new Dispatch(key, 1, id, MAIL), ReportRecord.State.ACCEPTED, "accepted", Optional.empty(), clock.instant());
        reports.begin(new Dispatch(key, 1, id, WEB), clock.instant());
        clock.advance(Duration.ofHours(1));

        assertThat(all()).singleElement().isInstanceOfSatisfying(ReportResult.Sent.class,
            sent -> assertThat(sent.to()).isEqualTo(MAIL + " " + WEB));
        assertThat(outbox.destinations()).containsExactly(WEB);
        assertThat(outbox.reports()).extracting(ParsedReport::id).containsExactly(id);
    }

    @Test
    void reportDuringTheDayShouldLeaveTheRestToAnotherPart() {
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL);
        clock.set(NOON);
        journal.record(List.of(met(NOON), met(NOON)));
        all();
        journal.record(List.of(met(NOON.plusSeconds(60))));
        clock.set(NEXT_MORNING);
        all();

        List<String> ids = outbox.reports().stream().map(ParsedReport::id).toList();
        assertThat(ids).hasSize(2);
        assertThat(ids.getLast()).isEqualTo(ids.getFirst().replace(".rcpt.example", "-2.rcpt.example"));
        assertThat(outbox.reports()).extracting(ParsedReport::start)
            .containsExactly(Instant.parse("2026-03-01T00:00:00Z"), Instant.parse("2026-03-01T12:00:01Z"));
        assertThat(outbox.reports()).extracting(ParsedReport::end)
            .containsExactly(NOON, Instant.parse("2026-03-01T23:59:59Z"));
        assertThat(outbox.reports()).extracting(report -> report.policies().getFirst().successes()).containsExactly(2L, 1L);
    }

    @Test
    void eachDomainShouldGetItsOwnReportAtASharedDestination() {
        Vectors.one("rua-uri", "dedupe-two-domains").path("input").path("domains").fields().forEachRemaining(entry -> {
            DomainName domain = DomainName.of(entry.getKey());
            dns.rua(domain, "v=TLSRPTv1;rua=" + entry.getValue().asText());
            journal.record(List.of(met(NOON, domain)));
        });

        all();
        assertThat(outbox.reports()).hasSize(2);
    }

    @Test
    void recordWithManyDestinationsShouldBeCutToTen() {
        dns.rua(RCPT, Vectors.one("txt-record", "very-long-list").path("input").asText());
        journal.record(List.of(met(NOON)));

        all();
        assertThat(outbox.destinations()).hasSize(10);
    }

    @Test
    void concurrentRunsShouldSendExactlyOneReportPerDomain() throws InterruptedException {
        List<DomainName> domains = IntStream.range(0, 200).mapToObj(i -> DomainName.of("d" + i + ".example")).toList();
        domains.forEach(domain -> {
            dns.rua(domain, "v=TLSRPTv1;rua=mailto:r@" + domain);
            journal.record(List.of(met(NOON, domain)));
        });
        Thread other = Thread.ofVirtual().start(this::all);
        all();
        other.join();

        assertThat(outbox.destinations()).hasSize(200).doesNotHaveDuplicates();
    }

    @Test
    void summaryShouldNameEachDomainWithItsResult() {
        DomainName silent = DomainName.of("silent.example");
        dns.rua(RCPT, "v=TLSRPTv1;rua=" + MAIL);
        journal.record(List.of(met(NOON), violated(NOON, ResultType.CERTIFICATE_EXPIRED, ""), met(NOON, silent)));

        assertThat(summary(all())).contains("1 of 2 reports sent.",
            "rcpt.example, 2026-03-01: sent\r\n  sessions: 2, of which failed: 1\r\n  to " + MAIL,
            "silent.example, 2026-03-01: no-record\r\n  sessions: 1, of which failed: 0\r\n  because: no TLSRPT record");
        assertThat(summary(List.of())).isEqualTo("There was nothing to report.\r\n");
    }

    private static String summary(List<ReportResult> results) {
        ReportNow.Summary summary = new ReportNow.Summary();
        results.forEach(summary::add);
        return summary.text();
    }

    private List<ReportResult> all() {
        List<ReportResult> results = new ArrayList<>();
        run.run(Due.everything(clock.instant()), key -> true, results::add);
        return results;
    }
}
