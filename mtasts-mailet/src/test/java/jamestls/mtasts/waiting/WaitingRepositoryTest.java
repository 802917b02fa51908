package jamestls.mtasts.waiting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.mtasts.waiting.WaitingRepository.Capacity;
import jamestls.mtasts.waiting.WaitingRepository.Event;
import jamestls.mtasts.waiting.WaitingRepository.Resumed;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.apache.james.core.MailAddress;
import org.apache.james.mailrepository.api.MailKey;
import org.apache.james.server.core.MailImpl;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.DsnParameters.Notify;
import org.apache.mailet.DsnParameters.RecipientDsnParameters;
import org.apache.mailet.DsnParameters;
import org.apache.mailet.Mail;
import org.apache.mailet.PerRecipientHeaders;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Mails that wait in a repository, with their due times in a real PostgreSQL. */
@Tag("slow")
class WaitingRepositoryTest extends WaitingFixture {

    @Test
    void mailShouldComeBackWhenItIsDueAsItWasAndLeaveNothing() throws Exception {
        Mail mail = mail("Mail1-to-a.example", "bob@a.example", "carol@a.example");
        mail.setAttribute(new Attribute(AttributeName.of("MAIL_PRIORITY"), AttributeValue.of(9)));
        mail.setAttribute(new Attribute(AttributeName.of("delivery_retry_count"), AttributeValue.of(3)));
        mail.setDsnParameters(DsnParameters.builder().envId(DsnParameters.EnvId.of("abc")).ret(DsnParameters.Ret.HDRS)
            .addRcptParameter(new MailAddress("bob@a.example"), RecipientDsnParameters.of(EnumSet.of(Notify.DELAY))).build().get());
        mail.addSpecificHeaderForRecipient(PerRecipientHeaders.Header.builder().name("X-For").value("bob").build(),
            new MailAddress("bob@a.example"));
        mail.addSpecificHeaderForRecipient(PerRecipientHeaders.Header.builder().name("X-For").value("bob, too").build(),
            new MailAddress("bob@a.example"));
        WaitingRepository waiting = server();

        waiting.park(mail, DOMAINS, Duration.ofHours(1));

        assertThat(mail.getName()).as("the mail in hand is as before").isEqualTo("Mail1-to-a.example");
        assertThat(WaitingRepository.resumed(mail)).isEmpty();
        assertThat(mails.list().next().asString()).startsWith("Mail1-to-a.example-w1-");
        assertThat(queue.size()).isZero();
        elapse(Duration.ofHours(1));
        await().atMost(PATIENCE).until(() -> queue.size() == 1);
        Mail back = queue.take();
        assertThat(back.getName()).isEqualTo("Mail1-to-a.example");
        assertThat(back.getRecipients()).isEqualTo(mail.getRecipients());
        assertThat(back.getMaybeSender()).isEqualTo(mail.getMaybeSender());
        assertThat(back.dsnParameters()).isEqualTo(mail.dsnParameters());
        assertThat(back.getPerRecipientSpecificHeaders()).isEqualTo(mail.getPerRecipientSpecificHeaders());
        assertThat(back.getAttribute(AttributeName.of("MAIL_PRIORITY"))).isEqualTo(mail.getAttribute(AttributeName.of("MAIL_PRIORITY")));
        assertThat(back.getAttribute(AttributeName.of("delivery_retry_count")).orElseThrow().getValue().value()).isEqualTo(3);
        assertThat(back.getMessage().getSubject()).isEqualTo("hi");
        assertThat(WaitingRepository.resumed(back)).contains(Resumed.DUE);
        await().atMost(PATIENCE).until(() -> mails.size() == 0 && index.counts().waiting() == 0);
        assertThat(mails.listed.get()).as("only by this test").isEqualTo(1);
        assertThat(count(Event.DOUBTFUL)).isZero();
    }

    @Test
    void eachWaitShouldHaveANameOfItsOwnAndMailsOfOneNameAnother() throws Exception {
        WaitingRepository waiting = server();
        Mail one = mail("Mail1", "bob@a.example");
        Mail other = mail("Mail1", "carol@a.example");
        waiting.park(one, DOMAINS, Duration.ZERO);
        waiting.park(other, DOMAINS, Duration.ZERO);

        await().atMost(PATIENCE).until(() -> queue.size() == 2);
        Mail again = queue.take();
        waiting.park(again, DOMAINS, Duration.ofHours(1));

        assertThat(mails.list()).toIterable().extracting(MailKey::asString).anySatisfy(key -> assertThat(key).startsWith("Mail1-w2-"));
        assertThat(queue.take().getRecipients()).as("each of the two came back").isNotEqualTo(again.getRecipients());
    }

    @Test
    void longNamesShouldFitAndComeBack() throws Exception {
        String name = "Mail1795447788089-5ad870c5-0b3a-4b0a-8f3e-0a5f6b7c8d9e-to-"
            + "x".repeat(60) + "." + "y".repeat(60) + "." + "z".repeat(60);
        Mail mail = mail(name, "bob@a.example");
        server().park(mail, DOMAINS, Duration.ZERO);

        await().atMost(PATIENCE).until(() -> queue.size() == 1);
        assertThat(queue.take().getName()).isEqualTo(name);
        assertThat(WaitName.next(mail).key()).hasSizeLessThanOrEqualTo(200);
    }

    @Test
    void copiesOfOneMailThatFailAgainShouldBecomeOne() throws Exception {
        WaitingRepository waiting = server();
        waiting.park(mail("Mail1", "bob@a.example"), DOMAINS, Duration.ZERO);
        await().atMost(PATIENCE).until(() -> queue.size() == 1);
        Mail back = queue.take();
        Mail copy = MailImpl.duplicate(back);
        copy.setName(back.getName());

        waiting.park(back, DOMAINS, Duration.ofHours(1));
        waiting.park(copy, DOMAINS, Duration.ofHours(1));

        await().atMost(PATIENCE).until(() -> index.counts().waiting() == 1);
        assertThat(mails.size()).isEqualTo(1);
    }

    @Test
    void crowdForOneDomainShouldBePutBackOnlyAsFastAsItIsTaken() throws Exception {
        WaitingRepository waiting = parking();
        for (int i = 0; i < 40; i++) {
            waiting.park(mail("crowd" + i, "bob@a.example"), DOMAINS, Duration.ZERO);
        }
        waiting.park(mail("other", "bob@b.example"), List.of("b.example"), Duration.ZERO);
        server(new Capacity() {
            @Override
            public int free() {
                return 1_000;
            }

            @Override
            public int free(String domain) {
                return domain.equals("a.example") ? 10 - queue.size() : 1_000;
            }

            @Override
            public Set<String> full() {
                return queue.size() >= 10 ? Set.of("a.example") : Set.of();
            }
        });

        await().atMost(PATIENCE).until(() -> queue.mails().stream().anyMatch(mail -> mail.getName().equals("other")));
        assertThat(queue.size()).isLessThanOrEqualTo(11);
        await().atMost(Duration.ofSeconds(60)).until(() -> {
            queue.take();
            return queue.published.get() == 41;
        });
    }
}
