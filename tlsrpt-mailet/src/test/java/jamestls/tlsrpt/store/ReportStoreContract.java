package jamestls.tlsrpt.store;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.tlsrpt.store.ReportRecord.Dispatch;
import jamestls.tlsrpt.store.ReportRecord.State;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Contract of all {@link ReportStore}s. */
abstract class ReportStoreContract {

    private static final TallyKey KEY = new TallyKey(DAY, RCPT);
    private static final Dispatch MAIL = dispatch(KEY, 1, "mailto:r@rcpt.example");
    private static final Dispatch WEB = dispatch(KEY, 1, "https://rcpt.example/" + "x".repeat(4_000));
    private static final Instant LATER = NOON.plusSeconds(60);

    private ReportStore store;

    /** A new empty store. */
    abstract ReportStore open();

    @BeforeEach
    void openStore() {
        store = open();
    }

    @Test
    void begunRecordShouldBeVisibleToAServerThatTakesOver() {
        assertThat(store.begin(MAIL, NOON)).isEmpty();
        assertThat(store.of(KEY)).containsExactly(new ReportRecord(MAIL, State.SENDING, 1, NOON, Optional.empty(), ""));

        assertThat(store.begin(MAIL, LATER)).contains(new ReportRecord(MAIL, State.SENDING, 1, NOON, Optional.empty(), ""));
        assertThat(store.of(KEY)).containsExactly(new ReportRecord(MAIL, State.SENDING, 2, LATER, Optional.empty(), ""));
    }

    @Test
    void finalRecordShouldNotChange() {
        store.begin(MAIL, NOON);
        store.finish(MAIL, State.ACCEPTED, "accepted", Optional.empty(), NOON);
        ReportRecord accepted = new ReportRecord(MAIL, State.ACCEPTED, 1, NOON, Optional.empty(), "accepted");

        assertThat(store.begin(MAIL, LATER)).contains(accepted);
        assertThat(store.of(KEY)).containsExactly(accepted);
    }

    @Test
    void lostRecordShouldNotChangeIfTheResultArrivesLater() {
        store.begin(MAIL, NOON);
        store.finish(MAIL, State.LOST, "550 5.1.1 nobody here", Optional.empty(), NOON);
        store.finish(MAIL, State.ACCEPTED, "accepted", Optional.empty(), LATER);
        store.begin(MAIL, LATER);

        assertThat(store.of(KEY))
            .containsExactly(new ReportRecord(MAIL, State.LOST, 1, NOON, Optional.empty(), "550 5.1.1 nobody here"));
    }

    @Test
    void refusedReportShouldBeTriedAgainAndCounted() {
        store.begin(WEB, NOON);
        store.finish(WEB, State.REFUSED, "HTTP status 503", Optional.of(LATER), NOON);

        assertThat(store.begin(WEB, LATER))
            .contains(new ReportRecord(WEB, State.REFUSED, 1, NOON, Optional.of(LATER), "HTTP status 503"));
        assertThat(store.of(KEY)).containsExactly(new ReportRecord(WEB, State.SENDING, 2, LATER, Optional.empty(), ""));
    }

    @Test
    void delayShouldBeRecordedAndNotCountAsATry() {
        store.delay(MAIL, "its share is used up", LATER, NOON);
        assertThat(store.of(KEY))
            .containsExactly(new ReportRecord(MAIL, State.REFUSED, 0, NOON, Optional.of(LATER), "its share is used up"));
        store.begin(MAIL, NOON);
        store.finish(MAIL, State.REFUSED, "HTTP status 503", Optional.of(LATER), NOON);
        store.delay(MAIL, "its share is used up", LATER.plusSeconds(1), LATER);
        assertThat(store.of(KEY)).containsExactly(
            new ReportRecord(MAIL, State.REFUSED, 1, LATER, Optional.of(LATER.plusSeconds(1)), "its share is used up"));
        store.begin(MAIL, LATER);
        store.finish(MAIL, State.ACCEPTED, "accepted", Optional.empty(), LATER);
        store.delay(MAIL, "its share is used up", LATER, LATER);
        assertThat(store.of(KEY)).containsExactly(new ReportRecord(MAIL, State.ACCEPTED, 2, LATER, Optional.empty(), "accepted"));
    }

    @Test
    void severalRecordsShouldBeBegunAndFinishedInOneCall() {
        store.begin(MAIL, NOON);
        store.begin(List.of(WEB, MAIL), LATER);
        store.finish(List.of(new ReportRecord(MAIL, State.ACCEPTED, 2, LATER, Optional.empty(), "accepted"),
            new ReportRecord(WEB, State.REFUSED, 1, LATER, Optional.of(LATER.plusSeconds(60)), "no")));

        assertThat(store.of(KEY)).containsExactly(
            new ReportRecord(WEB, State.REFUSED, 1, LATER, Optional.of(LATER.plusSeconds(60)), "no"),
            new ReportRecord(MAIL, State.ACCEPTED, 2, LATER, Optional.empty(), "accepted"));
    }

    @Test
    void destinationsAndPartsShouldHaveSeparateRecords() {
        Dispatch second = dispatch(KEY, 2, MAIL.destination());
        IntStream.range(0, 3).mapToObj(i -> new Dispatch[] {second, MAIL, WEB}[i]).forEach(each -> store.begin(each, NOON));
        store.begin(dispatch(new TallyKey(DAY, DomainName.of("other.example")), 1, MAIL.destination()), NOON);

        assertThat(store.of(KEY)).extracting(ReportRecord::dispatch).containsExactly(WEB, MAIL, second);
    }

    @Test
    void submittersShouldBeSeparate() {
        TallyKey apart = new TallyKey(DAY, RCPT, Optional.of(DomainName.of("tenant.example")));
        store.begin(dispatch(apart, 1, MAIL.destination()), NOON);

        assertThat(store.of(KEY)).isEmpty();
        assertThat(store.of(apart)).extracting(ReportRecord::key).containsExactly(apart);
    }

    @Test
    void latestShouldComeNewestFirst() {
        IntStream.range(0, 5).forEach(i -> store.begin(dispatch(KEY, i, MAIL.destination()), NOON.plusSeconds(i)));

        assertThat(store.latest(2)).extracting(each -> each.dispatch().part()).containsExactly(4, 3);
    }

    @Test
    void oldDaysShouldBeDeleted() {
        store.begin(MAIL, NOON);
        Dispatch tomorrow = dispatch(new TallyKey(DAY.plusDays(1), RCPT), 1, MAIL.destination());
        store.begin(tomorrow, NOON);
        store.forget(DAY.plusDays(1));

        assertThat(store.latest(10)).extracting(ReportRecord::dispatch).containsExactly(tomorrow);
    }

    private static Dispatch dispatch(TallyKey key, int part, String destination) {
        return new Dispatch(key, part, "20260301-" + part + "@sender.example", destination);
    }
}
