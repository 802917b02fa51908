package jamestls.smtp;

import static jamestls.smtp.SmtpFixture.CA;
import static jamestls.smtp.SmtpFixture.MX;
import static jamestls.smtp.SmtpFixture.awaitNoConnection;
import static jamestls.smtp.SmtpFixture.said;
import static jamestls.smtp.SmtpFixture.to;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.SmtpServerSetup.BehindDot;
import jamestls.smtp.Envelope.BodyType;
import jamestls.smtp.Envelope.RequireTls;
import jamestls.smtp.SessionFailure.Phase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A mail's envelope goes out before the reply to the final dot of the mail before (RFC 2920 §3.1), where all is in order. */
class NextMailTest {

    private static final String AHEAD = "-- more has come behind the dot";
    private static final Duration EXPECTED = Duration.ofSeconds(30);
    private static final Duration NOT_EXPECTED = Duration.ofMillis(500);
    private static final ReuseLimits MANY = new ReuseLimits(1_000, Duration.ofSeconds(60), Duration.ofSeconds(300), 20, 100);

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private SmtpServer mx;
    private SmtpConnector connector;
    private SessionPool pool;
    private PooledSender sender;

    @AfterEach
    void nothingShouldBeLeft() {
        pool.close();
        awaitNoConnection(mx);
        threads.close();
        connector.close();
        mx.close();
    }

    private void start(BehindDot way, Duration wait, int sessions, ReuseLimits limits, SmtpConnector with) {
        mx = SmtpServer.named(MX.ascii()).identity(CA.issue(MX.ascii())).behindDot(way, wait).start();
        connector = with;
        pool = new SessionPool(connector, limits, sessions, 1_000);
        sender = new PooledSender(pool);
    }

    private void start(BehindDot way) {
        start(way, EXPECTED, 1, MANY, SmtpFixture.connector());
    }

    @Test
    void envelopeShouldBeThereBeforeTheReplyToTheMailBefore() throws Exception {
        start(BehindDot.AWAITED);
        send("first@x.test");

        assertThat(inTurn("second@x.test", "third@x.test")).allSatisfy(NextMailTest::isDelivered);

        assertThat(mx.connections()).isEqualTo(1);
        assertThat(mx.transcript()).containsOnlyOnce(AHEAD);
        assertThat(arrived()).containsExactly("first@x.test", "second@x.test", "third@x.test");
        assertThat(pool.reused()).isEqualTo(2);
    }

    @Test
    void firstMailToAServerShouldNotBeFollowed() throws Exception {
        start(BehindDot.AWAITED_FROM_THE_FIRST, NOT_EXPECTED, 1, MANY, SmtpFixture.connector());

        assertThat(inTurn("first@x.test", "second@x.test")).allSatisfy(NextMailTest::isDelivered);

        assertThat(mx.transcript()).doesNotContain(AHEAD);
    }

    @Test
    void firstMailOfASessionShouldBeFollowedWhenTheServerHasRepliedOnAnother() throws Exception {
        start(BehindDot.AWAITED_FROM_THE_FIRST, EXPECTED, 1, new ReuseLimits(3, Duration.ofSeconds(60), Duration.ofSeconds(300), 2, 4),
            SmtpFixture.connector());
        send("first@x.test");
        inTurn("second@x.test", "third@x.test");

        assertThat(inTurn("fourth@x.test", "fifth@x.test")).allSatisfy(NextMailTest::isDelivered);

        assertThat(mx.connections()).isEqualTo(2);
        assertThat(said(mx, AHEAD)).hasSize(2);
    }

    @Test
    void refusedRecipientShouldNotCountAsAReplyToAFinalDot() {
        start(BehindDot.READ_LATER);
        mx.once(SmtpPhase.RCPT, SmtpAct.say("550 5.1.1 who?"));

        try (SmtpSession session = SmtpFixture.connect(connector, mx)) {
            session.send(to("first@x.test"), SmtpFixture.MAIL);
            assertThat(session.lastReply()).isEmpty();
            session.send(to("second@x.test"), SmtpFixture.MAIL);
            assertThat(session.lastReply()).isPresent();
        }
    }

    @Test
    void serverThatTakesLongToReplyShouldNotBeAnnouncedTo() throws Exception {
        start(BehindDot.AWAITED, NOT_EXPECTED, 1, MANY, SmtpFixture.connector());
        mx.once(SmtpPhase.FINAL_REPLY, SmtpAct.sayInSegments(Duration.ofMillis(1_100), "250-2.0.0 scanned\r\n", "250 2.0.0 clean\r\n"));
        send("first@x.test");

        assertThat(inTurn("second@x.test", "third@x.test")).allSatisfy(NextMailTest::isDelivered);

        assertThat(mx.transcript()).doesNotContain(AHEAD);
    }

    @ParameterizedTest
    @ValueSource(strings = {"554 5.6.0 no", "451 4.3.0 later"})
    void refusalOfTheMailBeforeShouldNotTouchTheNext(String refusal) throws Exception {
        start(BehindDot.AWAITED);
        send("first@x.test");
        mx.once(SmtpPhase.FINAL_REPLY, SmtpAct.say(refusal));

        List<Transmission> results = inTurn("second@x.test", "third@x.test");

        assertThat(results.getFirst()).isInstanceOfSatisfying(Transmission.Completed.class,
            completed -> assertThat(completed.recipients()).noneMatch(Transmission.RecipientReply::isDelivered));
        isDelivered(results.getLast());
        assertThat(mx.transcript()).contains(AHEAD);
        assertThat(arrived()).containsExactly("first@x.test", "third@x.test");
        assertThat(mx.connections()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"MAIL,451 4.7.1 not now", "MAIL,550 5.7.1 never", "RCPT,550 5.1.1 who?", "DATA,451 4.3.0 not now"})
    void refusalOfTheNextShouldStayItsOwn(SmtpPhase phase, String refusal) throws Exception {
        start(BehindDot.AWAITED);
        send("first@x.test");

        List<Transmission> results = inTurn("second@x.test", "third@x.test",
            () -> mx.once(phase, SmtpAct.say(refusal)));

        isDelivered(results.getFirst());
        assertThat(results.getLast().toString()).contains(refusal.substring(0, 3));
        assertThat(mx.transcript()).contains(AHEAD);
        send("fourth@x.test");
        assertThat(arrived()).containsExactly("first@x.test", "second@x.test", "fourth@x.test");
    }

    @Test
    void farewellToTheMailBeforeShouldLeaveTheNextUnsent() throws Exception {
        start(BehindDot.AWAITED);
        send("first@x.test");
        mx.once(SmtpPhase.FINAL_REPLY, SmtpAct.say("421 4.3.0 enough").then(SmtpAct.Then.CLOSE));

        List<Transmission> results = inTurn("second@x.test", "third@x.test");

        isDelivered(results.getLast());
        assertThat(arrived()).containsExactly("first@x.test", "third@x.test");
        assertThat(mx.connections()).isEqualTo(2);
    }

    @Test
    void serverThatClosesTheConnectionShouldNotBeAnnouncedToForADay() throws Exception {
        start(BehindDot.CLOSES);
        send("first@x.test");

        List<Transmission> results = inTurn("second@x.test", "third@x.test");

        assertThat(results.getFirst()).isInstanceOfSatisfying(Transmission.Broken.class,
            broken -> assertThat(broken.endOfData()).isEqualTo(Transmission.FinalDot.SENT));
        isDelivered(results.getLast());
        assertThat(said(mx, AHEAD)).hasSize(1);
        assertThat(inTurn("fourth@x.test", "fifth@x.test")).allSatisfy(NextMailTest::isDelivered);
        assertThat(said(mx, AHEAD)).as("that was enough").hasSize(1);
        assertThat(arrived()).doesNotHaveDuplicates().contains("third@x.test", "fourth@x.test", "fifth@x.test");
    }

    @Test
    void serverThatLosesTheEnvelopeShouldCostTheNextMailAWaitAndNoMore() throws Exception {
        start(BehindDot.LOST, EXPECTED, 1, MANY, new SmtpConnector(SmtpFixture.settings().withLimit(Phase.MAIL, Duration.ofSeconds(2))));
        send("first@x.test");

        List<Transmission> results = inTurn("second@x.test", "third@x.test");

        assertThat(results).allSatisfy(NextMailTest::isDelivered);
        assertThat(arrived()).containsExactly("first@x.test", "second@x.test", "third@x.test");
        assertThat(inTurn("fourth@x.test", "fifth@x.test")).allSatisfy(NextMailTest::isDelivered);
        assertThat(said(mx, AHEAD)).hasSize(1);
    }

    @Test
    @Tag("slow")
    void nextMailShouldNotWaitForASlowReply() throws Exception {
        start(BehindDot.AWAITED, EXPECTED, 2, MANY, SmtpFixture.connector());
        send("first@x.test");
        mx.once(SmtpPhase.FINAL_REPLY, SmtpAct.sayInSegments(Duration.ofSeconds(10), "250-2.0.0 scanning\r\n", "250 2.0.0 clean\r\n"));

        CountDownLatch dotSent = new CountDownLatch(1);
        Future<Transmission> second = threads.submit(() -> send("second@x.test", dotSent::countDown));
        assertThat(dotSent.await(30, TimeUnit.SECONDS)).isTrue();
        isDelivered(send("third@x.test"));

        assertThat(second.isDone()).as("still waits for its reply").isFalse();
        isDelivered(second.get(30, TimeUnit.SECONDS));
        assertThat(arrived()).doesNotHaveDuplicates().hasSize(3);
        assertThat(mx.connections()).isEqualTo(2);
        assertThat(inTurn("fourth@x.test", "fifth@x.test")).allSatisfy(NextMailTest::isDelivered);
        assertThat(said(mx, AHEAD)).as("not again for a day").hasSize(1);
    }

    @Test
    void mailThatTheSessionDoesNotSuitShouldGetOneOfItsOwn() throws Exception {
        start(BehindDot.AWAITED, NOT_EXPECTED, 1, MANY, SmtpFixture.connector());
        send("first@x.test");
        CompletableFuture<Transmission> other = new CompletableFuture<>();

        Transmission second = send("second@x.test", () -> threads.submit(() -> {
            AtomicInteger asked = new AtomicInteger();
            return other.complete(send(to("third@x.test"), seen -> asked.incrementAndGet() > 1_000, () -> { }));
        }));

        isDelivered(second);
        isDelivered(other.get(30, TimeUnit.SECONDS));
        assertThat(mx.connections()).isEqualTo(2);
        assertThat(mx.transcript()).doesNotContain(AHEAD);
    }

    @Test
    void mailThatTheServerCannotTakeShouldLeaveTheSessionInOrder() throws Exception {
        start(BehindDot.READ_LATER);
        send("first@x.test");
        CompletableFuture<Transmission> other = new CompletableFuture<>();
        Envelope requireTls = new Envelope(Optional.of("alice@sender.test"), List.of("third@x.test"), BodyType.SEVEN_BIT,
            OptionalLong.of(100), RequireTls.YES);

        isDelivered(send("second@x.test", () -> threads.submit(() -> other.complete(send(requireTls, seen -> true, () -> { })))));

        assertThat(other.get(30, TimeUnit.SECONDS)).isInstanceOf(Transmission.Unsendable.class);
        send("fourth@x.test");
        assertThat(mx.connections()).isEqualTo(1);
    }

    @Test
    void sessionShouldEndAfterItsShareOfMails() throws Exception {
        start(BehindDot.AWAITED, EXPECTED, 1, new ReuseLimits(3, Duration.ofSeconds(60), Duration.ofSeconds(300), 2, 4),
            SmtpFixture.connector());
        send("first@x.test");

        assertThat(inTurn("second@x.test", "third@x.test")).allSatisfy(NextMailTest::isDelivered);
        send("fourth@x.test");

        assertThat(mx.connections()).isEqualTo(2);
        assertThat(said(mx, AHEAD)).hasSize(1);
    }

    @Test
    void closedPoolShouldNotKeepAnybodyWaiting() throws Exception {
        start(BehindDot.AWAITED, NOT_EXPECTED, 1, MANY, SmtpFixture.connector());
        send("first@x.test");

        List<Transmission> results = inTurn("second@x.test", "third@x.test", pool::stopWaiting);

        isDelivered(results.getFirst());
        assertThat(arrived()).startsWith("first@x.test", "second@x.test");
    }

    /** Whatever the server says, each mail has one result, and what was said to be delivered has arrived once. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void everyMailShouldHaveOneResult(long seed) throws Exception {
        start(BehindDot.READ_LATER, EXPECTED, 4, MANY, SmtpFixture.connector());
        Random random = new Random(seed);
        send("first@x.test");
        List<Future<Transmission>> results = new ArrayList<>();
        List<String> recipients = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            switch (random.nextInt(40)) {
                case 0 -> mx.once(SmtpPhase.FINAL_REPLY, SmtpAct.say("421 4.3.0 enough").then(SmtpAct.Then.CLOSE));
                case 1 -> mx.once(SmtpPhase.FINAL_REPLY, SmtpAct.say("451 4.3.0 later"));
                case 2 -> mx.once(SmtpPhase.MAIL, SmtpAct.say("451 4.3.0 later"));
                case 3 -> mx.once(SmtpPhase.RCPT, SmtpAct.say("550 5.1.1 who?"));
                case 4 -> mx.once(SmtpPhase.DATA, SmtpAct.say("451 4.3.0 later"));
                case 5 -> mx.once(SmtpPhase.FINAL_REPLY, SmtpAct.drop());
                case 6 -> mx.once(SmtpPhase.MAIL, SmtpAct.drop());
                default -> { }
            }
            String recipient = "r" + i + "@x.test";
            recipients.add(recipient);
            results.add(threads.submit(() -> send(recipient)));
        }

        List<String> delivered = new ArrayList<>(List.of("first@x.test"));
        for (int i = 0; i < results.size(); i++) {
            if (isAllDelivered(results.get(i).get(60, TimeUnit.SECONDS))) {
                delivered.add(recipients.get(i));
            }
        }
        assertThat(arrived()).containsExactlyInAnyOrderElementsOf(delivered);
        assertThat(delivered.size()).isGreaterThan(100);
    }

    private List<String> arrived() {
        return mx.mails().stream().map(mail -> mail.recipients().getFirst().address()).toList();
    }

    private static void isDelivered(Transmission result) {
        assertThat(isAllDelivered(result)).as("%s", result).isTrue();
    }

    private static boolean isAllDelivered(Transmission result) {
        return result instanceof Transmission.Completed completed
            && completed.recipients().stream().allMatch(Transmission.RecipientReply::isDelivered);
    }

    private List<Transmission> inTurn(String one, String next) throws Exception {
        return inTurn(one, next, () -> { });
    }

    /** Sends the second mail as soon as the final dot of the first is on its way. */
    private List<Transmission> inTurn(String one, String next, Runnable between) throws Exception {
        CompletableFuture<Transmission> second = new CompletableFuture<>();
        Transmission first = send(one, () -> {
            between.run();
            threads.submit(() -> {
                try {
                    return second.complete(send(next));
                } catch (RuntimeException e) {
                    return second.completeExceptionally(e);
                }
            });
        });
        return List.of(first, second.handle((result, none) -> result == null
            ? new Transmission.Unsendable(Transmission.Obstacle.MALFORMED, String.valueOf(none)) : result).get(60, TimeUnit.SECONDS));
    }

    private Transmission send(String recipient) {
        return send(recipient, () -> { });
    }

    private Transmission send(String recipient, Runnable dotSent) {
        return send(to(recipient), seen -> true, dotSent);
    }

    private Transmission send(Envelope envelope, Predicate<TlsObservation> suits, Runnable dotSent) {
        return sender.send(new SessionKey(MX, mx.address()), envelope, suits, dotSent);
    }
}
