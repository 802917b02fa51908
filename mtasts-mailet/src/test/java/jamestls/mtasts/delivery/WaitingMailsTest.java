package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMultipart;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.SettableClock;
import jamestls.fakeinternet.SmtpServer;
import jamestls.mtasts.held.HeldGroup;
import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.held.HeldMails;
import jamestls.mtasts.held.HeldStore;
import jamestls.mtasts.held.RetryRequests.Reach;
import jamestls.outcome.TlsOutcomes;
import jamestls.smtp.ReuseLimits;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.james.core.MailAddress;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.DsnParameters;
import org.apache.mailet.DsnParameters.Notify;
import org.apache.mailet.DsnParameters.RecipientDsnParameters;
import org.apache.mailet.Mail;
import org.apache.mailet.MailetContext;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.apache.mailet.base.test.FakeMailContext;
import org.apache.mailet.base.test.FakeMailContext.SentMail;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Mails that wait: the list of them, the request to try some of them now, and what their senders are told. */
@Tag("slow")
class WaitingMailsTest {

    private static final Instant NOW = Instant.parse("2026-11-26T12:00:00Z");
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofHours(4);
    private static final DeliverySettings.Delay TEXT = new DeliverySettings.Delay(Optional.of(Duration.ofHours(4)), Optional.empty());
    private static final DeliverySettings.Delay PROCESSOR =
        new DeliverySettings.Delay(Optional.of(Duration.ofHours(4)), Optional.of("delays"));

    private final SettableClock clock = new SettableClock(NOW);
    private final MemoryQueue queue = new MemoryQueue();
    private HeldMails held = new HeldMails("outgoing", "here", Optional.empty(), clock);
    private FakeMailContext context;
    private MailetContext mailetContext;
    private DeliverySettings.Delay delay = TEXT;
    private TestDelivery internet;
    private QueueWorker worker;

    @BeforeEach
    void start() throws Exception {
        context = FakeMailContext.builder().postmaster(new MailAddress("postmaster@sender.example")).build();
        mailetContext = context;
        internet = new TestDelivery(ReuseLimits.none());
    }

    @AfterEach
    void stop() {
        worker.close();
        internet.close();
    }

    @Test
    void mailShouldBeListedFromItsFirstFailureUntilItIsDelivered() throws Exception {
        SmtpServer mx = internet.goodMx("a.example").replyTo("busy@a.example", "450 4.2.1 busy@a.example is busy");
        enqueue(mail("m1", "busy@a.example"));
        enqueue(mail("m2", "bob@a.example"));
        work();

        await().atMost(PATIENCE).until(() -> queue.succeeded.size() == 2);
        assertThat(held.groups(Optional.empty())).singleElement().satisfies(group -> {
            assertThat(group).extracting(HeldGroup::domain, HeldGroup::mails, HeldGroup::cause, HeldGroup::since, HeldGroup::nextTry)
                .containsExactly("a.example", 1L, Cause.REPLY, NOW, NOW.plus(PAUSE));
            assertThat(group.why().sentence()).contains("mx.a.example", "said: 450 4.2.1 <address> is busy");
            assertThat(group.why().remedy()).contains("postmaster of a.example");
        });

        clock.advance(PAUSE);
        queue.flush();
        await().atMost(PATIENCE).until(() -> queue.succeeded.size() == 3);
        assertThat(held.groups(Optional.empty())).extracting(HeldGroup::since, HeldGroup::nextTry)
            .containsExactly(tuple(NOW, NOW.plus(PAUSE.multipliedBy(2))));

        mx.replyTo("busy@a.example", "250 2.1.5 fine");
        clock.advance(PAUSE);
        queue.flush();
        mx.awaitMails(2, PATIENCE);
        await().atMost(PATIENCE).until(() -> held.groups(Optional.empty()).isEmpty());
    }

    @Test
    void causeShouldBeWhatStandsInTheWay() throws Exception {
        internet.policy("policy.example", "enforce", "mx.elsewhere.example").goodMx("policy.example");
        internet.dns.zone().mx("network.example", 10, "mx.network.example").a("mx.network.example", "127.0.0.99");
        internet.dns.zone().mx("dns.example", 10, "mx.dns.example");
        internet.dns.faults().set("mx.dns.example", DnsFault.SERVFAIL);
        enqueue(mail("m1", "bob@policy.example"));
        enqueue(mail("m2", "bob@network.example"));
        enqueue(mail("m3", "bob@dns.example"));
        work();

        await().atMost(Duration.ofSeconds(40)).until(() -> queue.succeeded.size() == 3);
        assertThat(held.groups(Optional.empty())).extracting(HeldGroup::domain, HeldGroup::cause).containsExactlyInAnyOrder(
            tuple("policy.example", Cause.POLICY), tuple("network.example", Cause.NETWORK), tuple("dns.example", Cause.DNS));
        assertThat(held.groups(Optional.of(DomainName.of("policy.example")))).singleElement().satisfies(group ->
            assertThat(group.why().remedy()).isEqualTo("Only the postmaster of policy.example can fix this."));
    }

    @Test
    void requestShouldTryTheMailOfThatDomainNowAndPutTheOthersBackAsTheyWere() throws Exception {
        SmtpServer a = internet.goodMx("a.example").replyTo("bob@a.example", "450 4.2.1 busy");
        SmtpServer b = internet.goodMx("b.example").replyTo("bob@b.example", "450 4.2.1 busy");
        enqueue(mail("of-a", "bob@a.example"));
        enqueue(mail("of-b", "bob@b.example"));
        work();
        await().atMost(PATIENCE).until(() -> queue.size() == 2 && queue.succeeded.size() == 2);
        clock.advance(Duration.ofHours(1));
        b.replyTo("bob@b.example", "250 2.1.5 fine");

        assertThat(held.requests().ask(DomainName.of("A.example"), "one")).isEqualTo(Reach.THIS_SERVER);

        await().atMost(PATIENCE).until(() -> queue.succeeded.size() == 4 && queue.size() == 2);
        assertThat(b.mails()).as("nobody asked for it").isEmpty();
        assertThat(queue.delays.subList(2, 4)).as("both have their old due time").containsOnly(Duration.ofHours(3));
        assertThat(queue.mails()).extracting(FailureNotice::retriesOf).as("no attempt is counted").containsOnly(1);
        assertThat(held.groups(Optional.empty())).extracting(HeldGroup::nextTry).containsOnly(NOW.plus(PAUSE));

        a.replyTo("bob@a.example", "250 2.1.5 fine");
        held.requests().ask(DomainName.of("a.example"), "two");

        assertThat(a.awaitMails(1, PATIENCE)).hasSize(1);
        await().atMost(PATIENCE).until(() -> queue.succeeded.size() == 6);
        assertThat(b.mails()).isEmpty();
        assertThat(held.groups(Optional.empty())).extracting(HeldGroup::domain).containsExactly("b.example");
    }

    @Test
    void clockThatWasAheadShouldNotHoldTheMailThatIsPutBack() throws Exception {
        internet.goodMx("b.example").replyTo("bob@b.example", "450 4.2.1 busy");
        clock.advance(Duration.ofDays(30));
        enqueue(mail("of-b", "bob@b.example"));
        work();
        await().atMost(PATIENCE).until(() -> queue.size() == 1 && queue.succeeded.size() == 1);
        clock.advance(Duration.ofDays(-30));

        held.requests().ask(DomainName.of("a.example"), "one");

        await().atMost(PATIENCE).until(() -> queue.succeeded.size() == 2 && queue.size() == 1);
        assertThat(queue.delays.getLast()).as("the longest pause of the schedule").isEqualTo(PAUSE);
    }

    @Test
    void mailThatIsPutBackAgainAndAgainShouldBeTried() throws Exception {
        SmtpServer b = internet.goodMx("b.example").replyTo("bob@b.example", "450 4.2.1 busy");
        enqueue(mail("of-b", "bob@b.example"));
        work();
        await().atMost(PATIENCE).until(() -> queue.size() == 1 && queue.succeeded.size() == 1);
        b.replyTo("bob@b.example", "250 2.1.5 fine");
        held.requests().ask(DomainName.of("a.example"), "one");

        // a queue that ignores delays hands it out at once
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(() -> {
            queue.flush();
            return !b.mails().isEmpty();
        });
        assertThat(queue.succeeded).hasSizeBetween(100, 110);
    }

    @Test
    void flushByJamesShouldTryEverythingAsEver() throws Exception {
        SmtpServer a = internet.goodMx("a.example").replyTo("bob@a.example", "450 4.2.1 busy");
        enqueue(mail("of-a", "bob@a.example"));
        work();
        await().atMost(PATIENCE).until(() -> queue.succeeded.size() == 1);
        a.replyTo("bob@a.example", "250 2.1.5 fine");

        queue.flush();

        assertThat(a.awaitMails(1, PATIENCE)).hasSize(1);
    }

    @Test
    void authenticatedSenderShouldBeToldOnceInWordsForEverybody() throws Exception {
        internet.policy("a.example", "enforce", "mx.elsewhere.example").goodMx("a.example");
        Mail mail = authenticated(mail("m1", "bob@a.example"));
        enqueue(mail);
        work();
        await().atMost(PATIENCE).until(() -> queue.succeeded.size() == 1);
        assertThat(context.getSentMails()).isEmpty();

        for (int attempt = 2; attempt <= 4; attempt++) {
            clock.advance(PAUSE);
            queue.flush();
            int attempts = attempt;
            await().atMost(PATIENCE).until(() -> queue.succeeded.size() == attempts);
        }

        assertThat(context.getSentMails()).singleElement().satisfies(notice -> {
            assertThat(notice.getSender()).isNull();
            assertThat(notice.getRecipients()).containsExactly(MailAddressFixture.SENDER);
            assertThat(notice.getSubject()).contains("Your message is delayed");
            assertThat(notice.getMsg().getHeader("Auto-Submitted")).containsExactly("auto-replied");
            assertThat(text(notice)).contains("has not been delivered yet", "bob@a.example",
                "a.example takes mail over protected connections only",
                // the first attempt and five retries
                "is tried again until Friday, 27 November 2026, 08:00 UTC", "You need not send it again",
                "451 4.7.5 a.example requires verified TLS");
            assertThat(part(notice, 1)).contains("Subject: hi").doesNotContain("hello");
        });
    }

    @Test
    void processorShouldGetACopyWithOnlyWhoWantsTheNoticeAndNothingOfAFailure() throws Exception {
        delay = PROCESSOR;
        internet.goodMx("a.example").replyTo("bob@a.example", "450 4.2.1 busy").replyTo("carol@a.example", "450 4.2.1 busy")
            .replyTo("dave@a.example", "450 4.2.1 busy");
        FakeMail mail = mail("m1", "bob@a.example", "carol@a.example", "dave@a.example");
        mail.setDsnParameters(DsnParameters.builder().ret(DsnParameters.Ret.FULL)
            .addRcptParameter(new MailAddress("bob@a.example"), RecipientDsnParameters.of(EnumSet.of(Notify.DELAY)))
            .addRcptParameter(new MailAddress("carol@a.example"), RecipientDsnParameters.of(EnumSet.of(Notify.FAILURE))).build().get());
        enqueue(mail);
        work();
        waitTwice();

        assertThat(context.getSentMails()).singleElement().satisfies(copy -> {
            assertThat(copy.getState()).isEqualTo("delays");
            assertThat(copy.getSender()).isEqualTo(MailAddressFixture.SENDER);
            assertThat(copy.getRecipients()).as("carol's DSN says no, dave's sender did not authenticate")
                .containsExactly(new MailAddress("bob@a.example"));
            assertThat(copy.getAttributes().keySet().stream().map(AttributeName::asString))
                .noneMatch(name -> name.startsWith("delivery") || name.startsWith("is-delivery") || name.startsWith("jamestls"))
                .contains("dsn-ret");
            assertThat(copy.getAttributes().get(AttributeName.of("dsn-ret")).getValue().value()).isEqualTo("HDRS");
        });
        assertThat(queue.mails()).singleElement().satisfies(kept -> assertThat(kept.getRecipients()).hasSize(3));
    }

    @ParameterizedTest
    @CsvSource({"null sender", "report", "nobody asked", "NOTIFY=NEVER"})
    void noticeShouldNotBeSentTo(String whom) throws Exception {
        internet.goodMx("a.example").replyTo("bob@a.example", "450 4.2.1 busy");
        FakeMail mail = whom.equals("null sender") ? FakeMail.builder().name("m1").recipient("bob@a.example")
            .mimeMessage(TestDelivery.message()).build() : mail("m1", "bob@a.example");
        if (!whom.equals("nobody asked")) {
            authenticated(mail);
        }
        if (whom.equals("report")) {
            mail.setAttribute(new Attribute(OutboundMail.Attributes.TLS_REPORT, AttributeValue.of(true)));
        }
        if (whom.equals("NOTIFY=NEVER")) {
            mail.setDsnParameters(DsnParameters.builder()
                .addRcptParameter(new MailAddress("bob@a.example"), RecipientDsnParameters.of(EnumSet.of(Notify.NEVER))).build().get());
        }
        enqueue(mail);
        work();
        waitTwice();

        assertThat(context.getSentMails()).isEmpty();
    }

    @Test
    void noticeOfAProtectedMailShouldBeProtectedAndSayWhatToDo() throws Exception {
        internet.policy("a.example", "enforce", "mx.a.example", "mx2.a.example").mx("a.example", 10, "mx.a.example", setup -> setup);
        internet.dns.zone().mx("a.example", 20, "mx2.a.example").a("mx2.a.example", "127.0.0.99");
        FakeMail mail = authenticated(mail("m1", "bob@a.example"));
        mail.setAttribute(new Attribute(OutboundMail.Attributes.REQUIRETLS, AttributeValue.of(true)));
        enqueue(mail);
        work();
        waitTwice();

        assertThat(context.getSentMails()).singleElement().satisfies(notice -> {
            assertThat(notice.getAttributes()).containsKey(OutboundMail.Attributes.REQUIRETLS);
            assertThat(text(notice)).contains("REQUIRETLS", "send it again without asking for protection");
            assertThat(part(notice, 1)).doesNotContain("hello");
        });
    }

    @Test
    void noticeThatCannotBeBuiltShouldNeitherDelayNorLoseTheMailAndBeTriedAgain() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        mailetContext = (MailetContext) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {MailetContext.class},
            (proxy, method, arguments) -> {
                if (method.getName().equals("sendMail")) {
                    tries.incrementAndGet();
                    throw new MessagingException("the spool is away");
                }
                return method.invoke(context, arguments);
            });
        SmtpServer mx = internet.goodMx("a.example").replyTo("bob@a.example", "450 4.2.1 busy");
        enqueue(authenticated(mail("m1", "bob@a.example")));
        work();
        waitTwice();
        assertThat(tries).hasValue(1);

        clock.advance(PAUSE);
        mx.replyTo("bob@a.example", "250 2.1.5 fine");
        queue.flush();
        assertThat(mx.awaitMails(1, PATIENCE)).hasSize(1);
    }

    @Test
    void mailDeliveredUnderObserveShouldBeListedAsOneThatWouldWait(@TempDir Path directory) throws Exception {
        try (Database database = Database.open(new DatabaseAddress.SqliteFile(directory.resolve("held.sqlite")), List.of(HeldStore.TABLES),
                clock)) {
            HeldStore store = new HeldStore(database);
            held = new HeldMails("outgoing", "here", Optional.of(store), clock);
            held.start(Map::of);
            internet.tlsPolicies = "a.example observe until=" + LocalDate.now(ZoneOffset.UTC).plusDays(30);
            SmtpServer mx = internet.policy("a.example", "enforce", "mx.elsewhere.example").goodMx("a.example");
            enqueue(mail("m1", "bob@a.example"));
            work();

            mx.awaitMails(1, PATIENCE);
            await().atMost(PATIENCE).until(() -> !store.wouldBeHeld(Optional.empty(), NOW).isEmpty());
            assertThat(store.wouldBeHeld(Optional.empty(), NOW)).singleElement().satisfies(group -> {
                assertThat(group).extracting(HeldGroup::domain, HeldGroup::mails, HeldGroup::cause)
                    .containsExactly("a.example", 1L, Cause.POLICY);
                assertThat(group.why().sentence()).contains("a.example requires verified TLS");
            });
            assertThat(held.groups(Optional.empty())).as("it was delivered").isEmpty();
            held.close();
        }
    }

    @Test
    void mailDeliveredAtItsFirstAttemptShouldCarryNothing() throws Exception {
        SmtpServer mx = internet.goodMx("a.example");
        FakeMail mail = authenticated(mail("m1", "bob@a.example"));
        enqueue(mail);
        work();
        mx.awaitMails(1, PATIENCE);
        await().atMost(PATIENCE).until(() -> queue.succeeded.size() == 1);

        assertThat(mail.attributeNames().map(AttributeName::asString)).noneMatch(name -> name.startsWith("jamestls"));
    }

    private void waitTwice() {
        await().atMost(PATIENCE).until(() -> queue.succeeded.size() == 1);
        clock.advance(PAUSE);
        queue.flush();
        await().atMost(PATIENCE).until(() -> queue.succeeded.size() == 2 && queue.size() == 1);
    }

    private static String text(SentMail notice) throws Exception {
        return part(notice, 0);
    }

    private static String part(SentMail notice, int index) throws Exception {
        return new String(((MimeMultipart) notice.getMsg().getContent()).getBodyPart(index).getInputStream().readAllBytes(),
            StandardCharsets.UTF_8);
    }

    private static FakeMail authenticated(FakeMail mail) {
        mail.setAttribute(new Attribute(Mail.SMTP_AUTH_USER, AttributeValue.of("alice")));
        return mail;
    }

    private static FakeMail mail(String name, String... recipients) throws MessagingException {
        return FakeMail.builder().name(name).sender(MailAddressFixture.SENDER).recipients(recipients)
            .mimeMessage(TestDelivery.message()).build();
    }

    private void enqueue(Mail mail) {
        queue.enQueue(mail);
    }

    private void work() throws Exception {
        OutboundResources resources = internet.resources(5);
        worker = new QueueWorker(queue, Router.byMx(internet.delivery(resources), 0), new RetrySchedule(List.of(PAUSE), 5),
            new QueueWorker.Notices(mailetContext, Optional.empty(), Optional.empty(), new ReportMails(new TlsOutcomes(), clock), delay,
                held, clock), resources, 100);
        held.requests().carriedOutBy(domain -> worker.dueNow(Optional.of(domain)));
    }
}
