package jamestls.tlsrpt.inbox;

import static jamestls.tlsrpt.inbox.IncomingMail.detail;
import static jamestls.tlsrpt.inbox.IncomingMail.json;
import static jamestls.tlsrpt.inbox.IncomingMail.mail;
import static jamestls.tlsrpt.inbox.IncomingMail.signed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import jamestls.dns.DomainName;
import jamestls.tlsrpt.dkim.DkimVerifier;
import jamestls.tlsrpt.inbox.InboxStore.Added;
import jamestls.tlsrpt.inbox.InboxView.OfCause;
import jamestls.tlsrpt.inbox.InboxView.OfDay;
import jamestls.tlsrpt.inbox.InboxView.OfDomain;
import jamestls.tlsrpt.inbox.InboxView.OfReporter;
import jamestls.tlsrpt.inbox.InboxView.Selection;
import jamestls.tlsrpt.inbox.InboxView.Sums;
import jamestls.tlsrpt.inbox.ReceivedReport.Trust;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Contract of {@link InboxStore}, {@link AlarmStore} and {@link InboxView} on each kind of database. */
abstract class InboxStoreContract {

    private static final LocalDate DAY = LocalDate.of(2026, 3, 1);
    private static final Instant NOW = Instant.parse("2026-03-02T08:00:00Z");
    private static final DomainName OWN = DomainName.of("own.example");
    private static final String[] REPORTERS = {"reporter.example", "second.example"};
    private static final ReportReader READER = new ReportReader(
        OwnDomains.of(Set.of(OWN, DomainName.of("two.example"))), new DkimVerifier(IncomingMail.dns(REPORTERS)));

    private InboxStore store;
    private InboxView view;

    /** A new empty store. */
    abstract InboxStore open(InboxStore.Limits limits);

    @BeforeEach
    void openStore() {
        use(InboxStore.Limits.DEFAULT);
    }

    private void use(InboxStore.Limits limits) {
        store = open(limits);
        view = new InboxView(store.database());
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void countsShouldBeAddedUpByDayReporterAndCause() {
        add("reporter.example", json("1", "2026-03-01", "own.example", 90, 10, detail("certificate-expired", "mx2.own.example", 6),
            detail("certificate-expired", "mx2.own.example", 3), detail("starttls-not-supported", "mx1.own.example", 1)));
        add("second.example", json("1", "2026-03-01", "own.example", 5, 0));
        add("second.example", json("2", "2026-02-28", "own.example", 7, 1, detail("certificate-expired", "mx2.own.example", 1)));

        assertThat(view.byDay(all())).extracting(OfDay::day, each -> each.sums().sessions(), each -> each.sums().failed(),
            each -> each.sums().reporters()).containsExactly(
                tuple(DAY.minusDays(1), 8L, 1L, 1L), tuple(DAY, 105L, 10L, 2L));
        assertThat(view.byReporter(all(), 10)).extracting(OfReporter::submitter, each -> each.sums().sessions()).containsExactly(
            tuple(DomainName.of("reporter.example"), 100L),
            tuple(DomainName.of("second.example"), 13L));
        assertThat(view.byCause(all(), 10)).containsExactly(
            new OfCause("certificate-expired", "mx2.own.example", 10, 2, DAY.minusDays(1), DAY),
            new OfCause("starttls-not-supported", "mx1.own.example", 1, 1, DAY, DAY));
        assertThat(view.byCause(all(), 1)).hasSize(1);
    }

    @Test
    void copyShouldCountOnceAndCorrectionShouldReplace() {
        String first = json("1", "2026-03-01", "own.example", 90, 10, detail("certificate-expired", "mx2.own.example", 10));
        String corrected = json("1", "2026-03-01", "own.example", 95, 5, detail("validation-failure", "mx2.own.example", 5));

        assertThat(add("reporter.example", first)).isEqualTo(Added.NEW);
        assertThat(add("reporter.example", first)).isEqualTo(Added.DUPLICATE);
        assertThat(add("second.example", first)).as("the id of another submitter").isEqualTo(Added.NEW);
        assertThat(add("reporter.example", corrected)).isEqualTo(Added.CORRECTED);

        assertThat(view.byReporter(all(), 10)).extracting(OfReporter::sums).extracting(Sums::sessions, Sums::failed, Sums::reports)
            .containsExactly(tuple(100L, 10L, 1L), tuple(100L, 5L, 1L));
        assertThat(view.byCause(all(), 10)).extracting(OfCause::type, OfCause::failures).containsExactly(
            tuple("certificate-expired", 10L), tuple("validation-failure", 5L));
        assertThat(view.reports(Optional.of(OWN), Optional.empty(), 10)).hasSize(2);
    }

    @Test
    void correctionOfTheDayShouldLeaveNothingOnTheOldDay() {
        add("reporter.example", json("1", "2026-02-27", "own.example", 1, 1, detail("certificate-expired", "mx2.own.example", 1)));
        add("reporter.example", json("1", "2026-03-01", "own.example", 1, 0));

        assertThat(view.byDay(all())).extracting(OfDay::day).containsExactly(DAY);
        assertThat(view.byCause(all(), 10)).isEmpty();
    }

    @Test
    void unverifiedReportsShouldBeKeptApart() {
        String json = json("1", "2026-03-01", "own.example", 1, 9, detail("certificate-expired", "mx2.own.example", 9));
        assertThat(store.add(read(mail("reporter.example", json)), NOW)).isEqualTo(Added.NEW);
        assertThat(add("reporter.example", json("1", "2026-03-01", "own.example", 4, 0))).as("not a correction of it").isEqualTo(Added.NEW);

        assertThat(view.byDay(all())).extracting(each -> each.sums().failed()).containsExactly(0L);
        Selection apart = new Selection(Optional.empty(), Trust.UNVERIFIED, DAY, DAY);
        assertThat(view.byDay(apart)).extracting(each -> each.sums().failed()).containsExactly(9L);
        assertThat(new AlarmStore(store.database()).pending()).as("looked at for alarms").isEmpty();
    }

    @Test
    void domainsShouldBePaged() {
        add("reporter.example", json("1", "2026-03-01", "own.example", 1, 0));
        add("reporter.example", json("2", "2026-03-01", "two.example", 2, 0));

        List<OfDomain> first = view.byDomain(Trust.VERIFIED, DAY, DAY, Optional.empty(), 1);
        assertThat(first).extracting(OfDomain::domain).containsExactly(OWN);
        assertThat(view.byDomain(Trust.VERIFIED, DAY, DAY, Optional.of(OWN), 1)).extracting(OfDomain::domain)
            .containsExactly(DomainName.of("two.example"));
        assertThat(view.byDomain(Trust.VERIFIED, DAY, DAY, Optional.of(DomainName.of("two.example")), 1)).isEmpty();
        assertThat(view.byDay(new Selection(Optional.of(OWN), Trust.VERIFIED, DAY, DAY))).extracting(each -> each.sums().sessions())
            .containsExactly(1L);
    }

    @Test
    void dailyLimitsShouldHold() {
        store.close();
        use(new InboxStore.Limits(2, 3, 1));
        for (int i = 1; i <= 2; i++) {
            assertThat(add("reporter.example", json("" + i, "2026-03-01", "own.example", i, 0))).isEqualTo(Added.NEW);
        }
        assertThat(add("reporter.example", json("3", "2026-03-01", "own.example", 3, 0))).isEqualTo(Added.OVER_LIMIT);
        assertThat(add("reporter.example", json("1", "2026-03-01", "own.example", 1, 0))).isEqualTo(Added.DUPLICATE);
        assertThat(add("second.example", json("1", "2026-03-01", "own.example", 1, 0))).isEqualTo(Added.NEW);
        assertThat(add("second.example", json("2", "2026-03-01", "own.example", 2, 0))).isEqualTo(Added.OVER_LIMIT);
        assertThat(store.add(read(mail("a.example", json("1", "2026-03-01", "own.example", 1, 0))), NOW)).isEqualTo(Added.NEW);
        assertThat(store.add(read(mail("b.example", json("1", "2026-03-01", "own.example", 1, 0))), NOW)).isEqualTo(Added.OVER_LIMIT);
        assertThat(store.add(read(mail("b.example", json("1", "2026-03-01", "own.example", 1, 0))), NOW.plusSeconds(86_400)))
            .as("the next day").isEqualTo(Added.NEW);
    }

    @Test
    void oldDaysShouldBeForgotten() {
        LocalDate today = LocalDate.of(2026, 3, 2);
        add("reporter.example", json("1", "2026-01-10", "own.example", 1, 0));
        add("reporter.example", json("2", "2025-12-01", "own.example", 2, 0));

        store.forget(today.minusDays(60), today);
        assertThat(view.byDay(all())).extracting(OfDay::day).containsExactly(LocalDate.of(2026, 1, 10));
        store.forget(today.minusDays(400), today.plusDays(30));
        assertThat(view.byDay(all())).as("counts stay").hasSize(1);
        assertThat(view.reports(Optional.empty(), Optional.empty(), 10)).as("reports do not").isEmpty();
    }

    @Test
    void sameReportOnSeveralThreadsShouldCountOnce() throws Exception {
        ReceivedReport report = read(signed(mail("reporter.example", json("1", "2026-03-01", "own.example", 7, 3,
            detail("certificate-expired", "mx2.own.example", 3))), "reporter.example"));
        ReceivedReport other = read(signed(mail("reporter.example", json("1", "2026-03-01", "own.example", 6, 4,
            detail("certificate-expired", "mx2.own.example", 4))), "reporter.example"));
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Callable<Added>> calls = IntStream.range(0, 40).<Callable<Added>>mapToObj(i -> () ->
                store.add(i % 4 == 3 ? other : report, NOW)).toList();
            for (Future<Added> each : threads.invokeAll(calls)) {
                each.get();
            }
        }

        assertThat(view.byDay(all())).singleElement().satisfies(each -> {
            assertThat(each.sums().sessions()).isEqualTo(10);
            assertThat(each.sums().reports()).isEqualTo(1);
            assertThat(each.sums().failed()).isIn(3L, 4L);
            assertThat(view.byCause(all(), 10)).extracting(OfCause::failures).containsExactly(each.sums().failed());
        });
    }

    @Test
    void alarmShouldBeStoredAndClaimedOnce() {
        AlarmStore alarms = new AlarmStore(store.database());
        Alarm alarm = new Alarm(NOW, Alarm.Direction.INBOUND, OWN, "rate", "too many");
        assertThat(alarms.add(alarm)).isTrue();
        assertThat(alarms.add(new Alarm(NOW.plusSeconds(5), Alarm.Direction.INBOUND, OWN, "rate", "again"))).isFalse();
        assertThat(alarms.add(new Alarm(NOW.plusSeconds(86_400), Alarm.Direction.INBOUND, OWN, "rate", "next day"))).isTrue();

        List<AlarmStore.Claimed> claimed = alarms.claim(NOW);
        assertThat(claimed).extracting(AlarmStore.Claimed::text).containsExactly("too many", "next day");
        assertThat(alarms.claim(NOW.plusSeconds(10))).as("leased").isEmpty();
        alarms.sent(claimed.subList(0, 1));
        assertThat(alarms.claim(NOW.plusSeconds(600))).as("its server died").extracting(AlarmStore.Claimed::text)
            .containsExactly("next day");
        assertThat(alarms.since(LocalDate.of(2026, 3, 3), 10)).extracting(Alarm::text).containsExactly("next day");
    }

    @Test
    void alarmsOfOneDomainShouldBeBounded() {
        AlarmStore alarms = new AlarmStore(store.database());
        for (int i = 0; i < AlarmStore.MAX_OF_DOMAIN; i++) {
            assertThat(alarms.add(new Alarm(NOW, Alarm.Direction.INBOUND, OWN, "cause " + i, "text"))).isTrue();
        }
        assertThat(alarms.add(new Alarm(NOW, Alarm.Direction.INBOUND, OWN, "one more", "text"))).isFalse();
        assertThat(alarms.add(new Alarm(NOW, Alarm.Direction.INBOUND, DomainName.of("two.example"), "rate", "text"))).isTrue();
    }

    private Added add(String reporter, String json) {
        return store.add(read(signed(mail(reporter, json), reporter)), NOW);
    }

    private static ReceivedReport read(byte[] mail) {
        try {
            return READER.read(mail);
        } catch (Unreadable e) {
            throw new AssertionError(e);
        }
    }

    private static Selection all() {
        return new Selection(Optional.empty(), Trust.VERIFIED, LocalDate.EPOCH, DAY.plusDays(1));
    }
}
