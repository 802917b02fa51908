package jamestls.mtasts.held;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.PostgresExtension;
import jamestls.fakeinternet.SettableClock;
import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.held.HeldMail.Why;
import jamestls.mtasts.held.RetryRequests.Reach;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.storage.StorageOutage;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("slow")
class HeldMailsTest {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    private static final Instant NOW = Instant.parse("2026-11-26T12:00:00Z");
    private static final Why EXPIRED =
        new Why(Cause.POLICY, "451 4.7.5 certificate expired", "Only the postmaster of a.example can fix this.");
    private static final Why BUSY = new Why(Cause.REPLY, "450 4.2.1 busy", "It mostly passes by itself.");

    private final SettableClock clock = new SettableClock(NOW);
    private final List<AutoCloseable> opened = new ArrayList<>();

    private final List<Database> databases = new ArrayList<>();

    @TempDir
    private Path directory;

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void mailsShouldBeListedByDomainAndCauseAcrossServersUntilTheyEnd(boolean postgres) {
        DatabaseAddress address = address(postgres);
        HeldMails one = mails("one", store(address));
        HeldMails two = postgres ? mails("two", store(address)) : one;
        one.waits(one.item("m1"), Map.of("a.example", EXPIRED), NOW.minusSeconds(600), NOW.plusSeconds(900));
        one.waits(one.item("m2"), Map.of("a.example", EXPIRED, "b.example", BUSY), NOW, NOW.plusSeconds(60));
        two.waits(two.item("m3"), Map.of("a.example", EXPIRED), NOW, NOW.plusSeconds(1_800));
        one.write();
        two.write();

        HeldGroup ofA = new HeldGroup("a.example", 3, NOW.minusSeconds(600), NOW.plusSeconds(60), EXPIRED);
        assertThat(two.groups(Optional.empty()))
            .containsExactly(ofA, new HeldGroup("b.example", 1, NOW, NOW.plusSeconds(60), BUSY));
        assertThat(one.groups(Optional.of(DomainName.of("A.example")))).containsExactly(ofA);

        one.ended(one.item("m1"), List.of("a.example"));
        one.ended(one.item("m2"), List.of("a.example", "b.example"));
        one.write();

        assertThat(two.groups(Optional.empty())).extracting(HeldGroup::domain, HeldGroup::mails).containsExactly(tuple("a.example", 1L));
    }

    @Test
    void mailThatNobodyTriesAgainShouldDisappearOneRetryIntervalAfterItWasDue() {
        HeldMails mails = mails("one", store(address(true)));
        mails.waits(mails.item("m1"), Map.of("a.example", EXPIRED), NOW, NOW.plus(Duration.ofHours(1)));
        mails.write();

        clock.advance(Duration.ofMinutes(119));
        mails.sweep();
        assertThat(mails.groups(Optional.empty())).hasSize(1);
        assertThat(mails.count(Cause.POLICY)).isEqualTo(1);

        clock.advance(Duration.ofMinutes(1));
        assertThat(mails.groups(Optional.empty())).isEmpty();
        mails.sweep();
        assertThat(mails.count(Cause.POLICY)).isZero();
    }

    @Test
    void listShouldSurviveARestartAndBeOneMailWhicheverServerTriesItNext() {
        DatabaseAddress address = address(true);
        HeldMails before = mails("one", store(address));
        before.waits(before.item("m1"), Map.of("a.example", EXPIRED), NOW, NOW.plusSeconds(900));
        before.write();

        HeldMails after = mails("one", store(address));
        after.load();
        assertThat(after.count(Cause.POLICY)).isEqualTo(1);

        HeldMails other = mails("two", store(address));
        other.waits(other.item("m1"), Map.of("a.example", BUSY), NOW, NOW.plusSeconds(900));
        other.write();
        assertThat(after.groups(Optional.empty())).extracting(HeldGroup::mails, HeldGroup::cause).containsExactly(tuple(1L, Cause.REPLY));
    }

    @Test
    void databaseThatIsDownShouldCostNothingButTheViewOfOthersAndBeFilledAgain() throws Exception {
        HeldMails mails = mails("one", store(address(true)));
        mails.start(Map::of);
        POSTGRES.server().stop();
        try {
            mails.waits(mails.item("m1"), Map.of("a.example", EXPIRED), NOW, NOW.plusSeconds(900));
            assertThat(mails.groups(Optional.empty())).as("what this server knows").hasSize(1);
            assertThatThrownBy(mails::write).isInstanceOf(StorageOutage.class);
        } finally {
            POSTGRES.server().start();
        }

        await().atMost(Duration.ofSeconds(40)).until(() -> rows(mails) == 1);
    }

    @Test
    void textOfStrangersShouldHaveNoControlCharactersAndNoAddresses() {
        Why why = new Why(Cause.REPLY, "mx said: 450 <bob@a.example>, \"odd one\"@b.example\r\n\u001b[31m and carol@[192.0.2.1]: no \u202e",
            "x".repeat(600));

        assertThat(why.sentence()).isEqualTo("mx said: 450 <address>, <address>???[31m and <address>: no ?");
        assertThat(why.remedy()).hasSize(500);
        assertThat(new Why(Cause.REPLY, "a".repeat(500_000), "").sentence()).hasSize(500);
    }

    @Test
    void mailsShouldBeBounded() {
        HeldMails mails = mails("one", Optional.empty());
        for (int i = 0; i < HeldMails.MAX_MAILS + 10; i++) {
            mails.waits("i" + i, Map.of("a.example", EXPIRED), NOW, NOW.plusSeconds(900));
        }

        assertThat(mails.count(Cause.POLICY)).isEqualTo(HeldMails.MAX_MAILS);
        assertThat(mails.groups(Optional.empty())).extracting(HeldGroup::mails).containsExactly((long) HeldMails.MAX_MAILS);
    }

    @Test
    void requestShouldBeCarriedOutOnceByEachServerAndNotWhenItIsOld() {
        DatabaseAddress address = address(true);
        List<String> heard = new CopyOnWriteArrayList<>();
        HeldMails one = mails("one", store(address));
        HeldMails two = mails("two", store(address));
        one.requests().carriedOutBy(domain -> heard.add("one " + domain));
        two.requests().carriedOutBy(domain -> heard.add("two " + domain));

        assertThat(one.requests().ask(DomainName.of("a.example"), "id")).isEqualTo(Reach.ALL_SERVERS);
        one.requests().look();
        two.requests().look();
        two.requests().look();
        await().until(() -> heard.size() == 2);
        assertThat(heard).containsExactlyInAnyOrder("one a.example", "two a.example");
        assertThat(two.requests().areFor(List.of("A.EXAMPLE", "c.example"))).isTrue();
        assertThat(two.requests().areFor(List.of("b.example"))).isFalse();

        clock.advance(HeldStore.REQUEST_LASTS.plusSeconds(1));
        one.requests().look();
        assertThat(one.requests().isAnyOpen()).isFalse();
        HeldMails late = mails("three", store(address));
        late.requests().carriedOutBy(domain -> heard.add("late"));
        late.requests().look();
        assertThat(late.requests().isAnyOpen()).isFalse();
    }

    @Test
    void requestShouldReachThisServerAloneWithoutADatabase() {
        List<String> heard = new CopyOnWriteArrayList<>();
        HeldMails mails = mails("one", Optional.empty());
        mails.requests().carriedOutBy(domain -> heard.add(domain.ascii()));

        assertThat(mails.requests().ask(DomainName.of("a.example"), "id")).isEqualTo(Reach.THIS_SERVER);

        await().until(() -> heard.equals(List.of("a.example")));
    }

    @Test
    void mailsInHandShouldBeListedWhenTheyHaveWaitedForAPlaceForAWhile() {
        HeldMails mails = mails("one", Optional.empty());
        Map<String, Integer> waiting = new HashMap<>(Map.of("a.example", 7));
        mails.start(() -> waiting);
        mails.sweep();
        assertThat(mails.groups(Optional.empty())).isEmpty();

        clock.advance(Duration.ofMinutes(1));
        mails.sweep();
        assertThat(mails.groups(Optional.empty())).extracting(HeldGroup::mails, HeldGroup::since, HeldGroup::cause)
            .containsExactly(tuple(7L, NOW, Cause.LIMIT));

        waiting.clear();
        mails.sweep();
        assertThat(mails.groups(Optional.empty())).isEmpty();
    }

    @Test
    void whatWouldBeHeldShouldAddUp() {
        HeldStore store = store(address(true)).orElseThrow();
        HeldMails mails = mails("one", Optional.of(store));
        mails.wouldWait("a.example", EXPIRED);
        mails.wouldWait("a.example", EXPIRED);
        mails.write();
        clock.advance(Duration.ofDays(1));
        mails.wouldWait("a.example", EXPIRED);
        mails.write();

        assertThat(store.wouldBeHeld(Optional.empty(), clock.instant()))
            .containsExactly(new HeldGroup("a.example", 3, NOW, NOW.plus(Duration.ofDays(1)), EXPIRED));
        assertThat(store.wouldBeHeld(Optional.of(DomainName.of("b.example")), clock.instant())).isEmpty();
        assertThat(store.wouldBeHeld(Optional.empty(), clock.instant().plus(Duration.ofDays(31)))).isEmpty();
    }

    private DatabaseAddress address(boolean postgres) {
        return postgres ? new DatabaseAddress.PostgreSql(POSTGRES.newDatabase(), "postgres", "")
            : new DatabaseAddress.SqliteFile(directory.resolve("held.sqlite"));
    }

    private Optional<HeldStore> store(DatabaseAddress address) {
        Database database = Database.open(address, List.of(HeldStore.TABLES), clock);
        opened.add(database);
        databases.add(database);
        return Optional.of(new HeldStore(database));
    }

    private HeldMails mails(String server, Optional<HeldStore> store) {
        HeldMails mails = new HeldMails("outgoing", server, store, clock);
        opened.add(mails);
        return mails;
    }

    private int rows(HeldMails any) {
        try {
            return databases.getFirst().transaction(connection -> {
                try (Statement statement = connection.createStatement();
                     ResultSet row = statement.executeQuery("SELECT COUNT(*) FROM held_mail")) {
                    row.next();
                    return row.getInt(1);
                }
            });
        } catch (StorageOutage e) {
            return -1;
        }
    }
}
