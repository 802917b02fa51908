package jamestls.mtasts.waiting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import jakarta.mail.MessagingException;
import jamestls.dns.DomainName;
import jamestls.mtasts.waiting.WaitingIndex.Abandoned;
import jamestls.mtasts.waiting.WaitingIndex.Parked;
import jamestls.mtasts.waiting.WaitingRepository.Event;
import jamestls.mtasts.waiting.WaitingRepository.Orphans;
import jamestls.mtasts.waiting.WaitingRepository.Resumed;
import jamestls.storage.StorageOutage;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.james.mailrepository.api.MailKey;
import org.apache.james.server.core.MailImpl;
import org.apache.mailet.Mail;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kills and outages at every step of a mail that waits in a repository. */
@Tag("slow")
class WaitingFaultsTest extends WaitingFixture {

    /** The reason for a name of its own: the slow one must not forget what the fast one has just parked. */
    @Test
    void claimerThatIsStoppedBetweenPuttingBackAndForgettingShouldNotForgetTheNextWait() throws Exception {
        CountDownLatch stopped = new CountDownLatch(1);
        CountDownLatch goesOn = new CountDownLatch(1);
        queue.after = mail -> {
            stopped.countDown();
            awaitUninterruptibly(goesOn);
        };
        WaitingRepository slow = server();
        WaitingRepository fast = parking();
        slow.park(mail("Mail1", "bob@a.example"), DOMAINS, Duration.ZERO);
        assertThat(stopped.await(30, TimeUnit.SECONDS)).isTrue();

        Mail failed = queue.take();
        fast.park(failed, DOMAINS, Duration.ofHours(1));
        goesOn.countDown();

        await().atMost(PATIENCE).until(() -> mails.size() == 1 && index.counts().waiting() == 1);
        assertThat(mails.list().next().asString()).startsWith("Mail1-w2-");
        queue.after = mail -> { };
        index.dueNow(Optional.of(DomainName.of("a.example")));
        await().atMost(PATIENCE).until(() -> queue.size() == 1);
        assertThat(WaitingRepository.resumed(queue.take())).contains(Resumed.REQUESTED);
        await().atMost(PATIENCE).until(() -> mails.size() == 0 && index.counts().waiting() == 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"store", "retrieve", "remove"})
    void stepOfTheRepositoryThatFailsShouldBeRepeatedAndLoseNothing(String step) throws Exception {
        WaitingRepository waiting = server();
        faults.at(step, () -> new MessagingException("the repository is down"));
        Mail mail = mail("Mail1", "bob@a.example");
        if (step.equals("store")) {
            assertThatThrownBy(() -> waiting.park(mail, DOMAINS, Duration.ZERO)).isInstanceOf(MessagingException.class);
            assertThat(mail.getName()).isEqualTo("Mail1");
            faults.heal(step);
            waiting.park(mail, DOMAINS, Duration.ZERO);
        } else {
            waiting.park(mail, DOMAINS, Duration.ZERO);
            await().atMost(PATIENCE).until(() -> faults.thrown(step) > 0);
            await().atMost(PATIENCE).untilAsserted(() ->
                assertThat(waiting.problems()).anySatisfy(problem -> assertThat(problem).contains("the repository is down")));
            faults.heal(step);
            elapse(Resumer.LEASE);
        }
        await().atMost(PATIENCE).until(() -> mails.size() == 0 && index.counts().waiting() == 0);
        assertThat(queue.published.get()).isEqualTo(1);
        assertThat(count(Event.DOUBTFUL)).isZero();
    }

    @Test
    void indexThatIsDownShouldFailParkingAndTheRepetitionShouldParkOnce() throws Exception {
        WaitingRepository waiting = parking();
        Mail mail = mail("Mail1", "bob@a.example");
        POSTGRES.server().stop();
        try {
            assertThatThrownBy(() -> waiting.park(mail, DOMAINS, Duration.ZERO)).isInstanceOf(StorageOutage.class);
            assertThat(mail.getName()).isEqualTo("Mail1");
            assertThat(waiting.problems()).anySatisfy(problem -> assertThat(problem).contains("index of waiting mails"));
        } finally {
            POSTGRES.server().start();
        }
        await().atMost(PATIENCE).ignoreExceptions().untilAsserted(() -> waiting.park(mail, DOMAINS, Duration.ZERO));

        assertThat(mails.size()).isEqualTo(1);
        assertThat(index.counts().waiting()).isEqualTo(1);
        assertThat(waiting.problems()).isEmpty();
    }

    @Test
    void outageBetweenPublishingAndNotingItShouldNotPublishTwice() throws Exception {
        CountDownLatch published = new CountDownLatch(1);
        CountDownLatch goesOn = new CountDownLatch(1);
        queue.after = mail -> {
            published.countDown();
            awaitUninterruptibly(goesOn);
        };
        server().park(mail("Mail1", "bob@a.example"), DOMAINS, Duration.ZERO);
        assertThat(published.await(30, TimeUnit.SECONDS)).isTrue();
        POSTGRES.server().stop();
        goesOn.countDown();
        POSTGRES.server().start();

        await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> index.counts().waiting() == 0);
        assertThat(mails.size()).isZero();
        assertThat(queue.published.get()).isEqualTo(1);
    }

    /** What a kill leaves after each step, found by a server that starts then. */
    @ParameterizedTest
    @ValueSource(strings = {"stored", "indexed", "claimed", "published", "marked", "removed"})
    void serverKilledAfterAnyStepShouldLoseNothing(String last) throws Exception {
        Mail mail = mail("Mail1", "bob@a.example");
        WaitName wait = WaitName.next(mail);
        Set<String> inQueue = new HashSet<>();
        List<String> steps = List.of("stored", "indexed", "claimed", "published", "marked", "removed");
        for (String step : steps.subList(0, steps.indexOf(last) + 1)) {
            switch (step) {
                case "stored" -> {
                    Mail copy = MailImpl.duplicate(mail);
                    copy.setName(mail.getName());
                    wait.putOn(copy);
                    mails.store(copy);
                }
                case "indexed" -> index.add(List.of(new Parked(wait.key(), Optional.empty(), URL, DOMAINS, Duration.ZERO)));
                case "claimed" -> assertThat(index.claim("killed", Resumer.LEASE, Abandoned.NOT, List.of(), 10)).hasSize(1);
                case "published" -> inQueue.add(mail.getName());
                case "marked" -> index.published(List.of(wait.key()));
                default -> mails.remove(new MailKey(wait.key()));
            }
        }
        if (last.equals("stored")) {
            // not acknowledged: the queue delivers it again, and it fails again
            parking().park(mail, DOMAINS, Duration.ZERO);
        }

        server();
        elapse(Resumer.LEASE);

        await().atMost(PATIENCE).until(() -> mails.size() == 0 && index.counts().waiting() == 0);
        boolean doubtful = last.equals("claimed") || last.equals("published");
        assertThat(queue.published.get()).isEqualTo(last.equals("marked") || last.equals("removed") ? 0 : 1);
        assertThat(queue.size() + inQueue.size()).as("in the queue").isBetween(1, last.equals("published") ? 2 : 1);
        assertThat(count(Event.DOUBTFUL)).as("counted").isEqualTo(doubtful ? 1 : 0);
    }

    @Test
    void queueThatDoesNotAnswerShouldLeaveFewMailsInDoubt() throws Exception {
        CountDownLatch frozen = new CountDownLatch(1);
        queue.before = mail -> awaitUninterruptibly(frozen);
        WaitingRepository waiting = parking();
        for (int i = 0; i < 300; i++) {
            waiting.park(mail("Mail" + i, "bob@a.example"), DOMAINS, Duration.ZERO);
        }
        WaitingRepository resuming = server();
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() ->
            assertThat(resuming.problems()).anySatisfy(problem -> assertThat(problem).contains("no answer within 10 s")));
        frozen.countDown();
        queue.before = mail -> { };

        await().atMost(Duration.ofSeconds(90)).until(() -> mails.size() == 0 && index.counts().waiting() == 0);
        Set<String> arrived = new HashSet<>();
        queue.mails().forEach(mail -> arrived.add(mail.getName()));
        assertThat(arrived).hasSize(300);
        assertThat(count(Event.DOUBTFUL)).isBetween(1, 40);
        assertThat(queue.published.get() - 300).as("mails that arrive twice").isLessThanOrEqualTo(count(Event.DOUBTFUL));
    }

    @Test
    void mailThatIsMissingShouldStayWhereTheOperatorFindsItAndHoldNothingUp() throws Exception {
        WaitingRepository waiting = server();
        waiting.park(mail("lost", "bob@a.example"), DOMAINS, Duration.ofHours(1));
        mails.removeAll();
        waiting.park(mail("Mail2", "bob@a.example"), DOMAINS, Duration.ZERO);
        for (int i = 0; i < 3; i++) {
            int misses = i + 1;
            elapse(Duration.ofHours(1));
            await().atMost(PATIENCE).until(() -> number("SELECT COUNT(*) FROM waiting_mail WHERE misses = " + misses) == 1);
        }

        await().atMost(PATIENCE).until(() -> queue.size() == 1);
        assertThat(index.counts().missing()).isEqualTo(1);
        assertThat(count(Event.MISSING)).isEqualTo(1);
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(waiting.problems()).singleElement().asString()
            .contains("1 waiting mails are missing", "lost-w1-", "/tls/held?action=repair"));
    }

    @Test
    void repairShouldRemoveRowsWithoutMailAndTellMailsWithoutRow() throws Exception {
        WaitingRepository waiting = parking();
        waiting.park(mail("fine", "bob@a.example"), DOMAINS, Duration.ofHours(1));
        waiting.park(mail("lost", "bob@a.example"), DOMAINS, Duration.ofHours(1));
        waiting.park(mail("back", "bob@a.example"), DOMAINS, Duration.ofHours(1));
        waiting.park(mail("orphan", "bob@b.example"), DOMAINS, Duration.ofHours(1));
        mails.list().forEachRemaining(key -> {
            if (key.asString().startsWith("lost")) {
                mails.remove(key);
            }
        });
        sql("UPDATE waiting_mail SET next = NULL WHERE name LIKE 'lost%' OR name LIKE 'back%'");
        sql("DELETE FROM waiting_mail WHERE name LIKE 'orphan%'");

        assertThat(waiting.repair(Orphans.KEEP, Duration.ZERO)).isEqualTo(new Repair.Result(1, 1, 1));
        assertThat(number("SELECT COUNT(*) FROM waiting_mail")).isEqualTo(2);
        assertThat(waiting.repair(Orphans.RESUME, Duration.ZERO)).isEqualTo(new Repair.Result(0, 0, 1));
        assertThat(number("SELECT COUNT(*) FROM waiting_mail WHERE domains = ARRAY['b.example']")).isEqualTo(1);
        sql("DELETE FROM waiting_mail WHERE name LIKE 'orphan%'");
        assertThat(waiting.repair(Orphans.REMOVE, Duration.ZERO).orphans()).isEqualTo(1);
        assertThat(mails.size()).isEqualTo(2);
        assertThat(waiting.repair(Orphans.REMOVE, Duration.ZERO)).isEqualTo(new Repair.Result(0, 0, 0));
    }
}
