package jamestls.smtp;

import static jamestls.smtp.SmtpFixture.MAIL;
import static jamestls.smtp.SmtpFixture.awaitNoConnection;
import static jamestls.smtp.SmtpFixture.connect;
import static jamestls.smtp.SmtpFixture.said;
import static jamestls.smtp.SmtpFixture.to;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import jamestls.fakeinternet.ReceivedMail;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.Transmission.FinalDot;
import jamestls.smtp.Transmission.RecipientReply;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SmtpSessionTest {

    private final SmtpServer server = SmtpFixture.tlsServer();
    private final SmtpConnector connector = SmtpFixture.connector();
    private final SmtpSession session = connect(connector, server);

    /** Whatever the test did, nothing stays open on the server's side. */
    @AfterEach
    void everyConnectionShouldBeClosed() {
        session.close();
        server.release();
        awaitNoConnection(server);
        connector.close();
        server.close();
    }

    @Test
    void mailShouldArriveAsItIs() {
        String text = "Subject: dots\r\n\r\n.\r\n..two\r\nlast without end";
        assertThat(delivered(session.send(to("bob@example.test"), SmtpFixture.content(text)))).containsExactly("bob@example.test");

        ReceivedMail mail = server.mails().getFirst();
        assertThat(mail.text()).isEqualTo(text + "\r\n");
        assertThat(mail.sender()).isEqualTo("alice@sender.test");
        assertThat(mail.helo()).isEqualTo("client.example.test");
        assertThat(mail.tls()).isPresent();
    }

    @Test
    void largeMailShouldArriveAsItIs() {
        String text = ("." + "x".repeat(70) + "\r\n").repeat(50_000);
        session.send(to("bob@example.test"), SmtpFixture.content(text));

        assertThat(server.mails().getFirst().text()).isEqualTo(text);
    }

    @Test
    void sessionShouldCarrySeveralMails() {
        for (int i = 0; i < 3; i++) {
            assertThat(session.send(to("bob@example.test"), MAIL)).isInstanceOf(Transmission.Completed.class);
        }
        assertThat(server.connections()).isEqualTo(1);
        assertThat(server.mails()).hasSize(3);
    }

    @Test
    void eachRecipientShouldGetTheReplyThatDecided() {
        server.replyTo("no@example.test", "550 5.1.1 who?").replyTo("later@example.test", "450 4.2.1 later");

        Transmission result = session.send(to("yes@example.test", "no@example.test", "later@example.test"), MAIL);

        assertThat(((Transmission.Completed) result).recipients()).extracting(r -> r.recipient() + " " + r.phase() + " " + r.reply().code())
            .containsExactly("no@example.test RCPT 550", "later@example.test RCPT 450", "yes@example.test FINAL_REPLY 250");
        assertThat(server.mails().getFirst().recipientAddresses()).containsExactly("yes@example.test");
    }

    @Test
    void nobodyAcceptedButDataGrantedShouldGetALoneDotAndStayUsable() {
        server.once(SmtpPhase.RCPT, SmtpAct.say("550 5.1.1 who?")).once(SmtpPhase.DATA, SmtpAct.say("354 go on"));

        assertThat(session.send(to("no@example.test"), MAIL)).isInstanceOf(Transmission.Completed.class);
        assertThat(server.mails()).extracting(mail -> mail.content().length).containsExactly(0);
        assertThat(session.send(to("yes@example.test"), MAIL)).isInstanceOf(Transmission.Completed.class);
    }

    @Test
    void mailRefusedButDataGrantedForSomebodyShouldHangUpWithoutADot() {
        server.once(SmtpPhase.MAIL, SmtpAct.say("550 5.7.1 not you")).reply(SmtpPhase.RCPT, "250 ok");

        assertThat(session.send(to("bob@example.test"), MAIL)).isInstanceOf(Transmission.Refused.class);
        assertThat(session.isUsable()).isFalse();
        awaitNoConnection(server);
        assertThat(server.mails()).isEmpty();
    }

    @Test
    void nobodyAcceptedShouldLeaveTheSessionUsable() {
        server.replyTo("no@example.test", "550 5.1.1 who?");

        assertThat(session.send(to("no@example.test"), MAIL)).isInstanceOf(Transmission.Completed.class);
        assertThat(delivered(session.send(to("yes@example.test"), MAIL))).containsExactly("yes@example.test");
        assertThat(said(server, "C: RSET")).hasSize(1);
    }

    @Test
    void refusedMailShouldBeRefusedForAllAndLeaveTheSessionUsable() {
        server.once(SmtpPhase.MAIL, SmtpAct.say("451 4.7.1 greylisted"));

        assertThat(session.send(to("bob@example.test"), MAIL)).isInstanceOfSatisfying(Transmission.Refused.class, refused -> {
            assertThat(refused.reply().enhancedCode()).contains("4.7.1");
            assertThat(refused.phase()).isEqualTo(Phase.MAIL);
        });
        assertThat(session.send(to("bob@example.test"), MAIL)).isInstanceOf(Transmission.Completed.class);
    }

    @Test
    void refusedDataShouldDecideForThoseAccepted() {
        server.replyTo("no@example.test", "550 5.1.1 who?").once(SmtpPhase.DATA, SmtpAct.say("451 4.3.0 disk"));

        Transmission result = session.send(to("no@example.test", "bob@example.test"), MAIL);

        assertThat(((Transmission.Completed) result).recipients()).extracting(r -> r.phase() + " " + r.reply().code())
            .containsExactly("RCPT 550", "DATA 451");
        assertThat(delivered(session.send(to("bob@example.test"), MAIL))).containsExactly("bob@example.test");
    }

    @ParameterizedTest
    @ValueSource(strings = {"552 5.3.4 too big", "452 4.3.1 full", "421 4.3.2 closing"})
    void finalReplyShouldDecideForThoseAccepted(String reply) {
        server.reply(SmtpPhase.FINAL_REPLY, reply);

        Transmission result = session.send(to("bob@example.test"), MAIL);

        assertThat(((Transmission.Completed) result).recipients()).extracting(r -> r.reply().toString()).containsExactly(reply);
        assertThat(session.isUsable()).isEqualTo(!reply.startsWith("421"));
    }

    @Test
    void manyRecipientsShouldBePipelinedInGroups() {
        String[] recipients = IntStream.range(0, 1_000).mapToObj(i -> "recipient-" + i + "@example.test").toArray(String[]::new);

        assertThat(delivered(session.send(to(recipients), MAIL))).containsExactly(recipients);
    }

    @Test
    void withoutPipeliningCommandsShouldWaitForReplies() {
        try (SmtpServer plain = SmtpFixture.clearServer("8BITMIME"); SmtpSession oneByOne = connect(connector, plain)) {
            plain.replyTo("no@example.test", "550 5.1.1 who?");
            oneByOne.send(to("no@example.test", "bob@example.test"), MAIL);

            List<String> talk = plain.transcript();
            int mail = talk.indexOf("C: MAIL FROM:<alice@sender.test>");
            assertThat(talk.subList(mail, mail + 8)).extracting(line -> line.substring(0, 2))
                .containsExactly("C:", "S:", "C:", "S:", "C:", "S:", "C:", "S:");
        }
    }

    @Test
    void sourceThatFailsShouldEndWithoutADot() {
        Transmission result = session.send(to("bob@example.test"), out -> {
            out.write("Subject: half\r\n\r\nHal".getBytes(StandardCharsets.US_ASCII));
            out.close();
            throw new IOException("disk");
        });

        assertThat(result).isInstanceOfSatisfying(Transmission.Unreadable.class,
            unreadable -> assertThat(unreadable.cause()).hasMessage("disk"));
        assertThat(session.isUsable()).isFalse();
        awaitNoConnection(server);
        assertThat(server.mails()).isEmpty();
    }

    @Test
    void sourceWithABugShouldEndWithoutADot() {
        assertThat(session.send(to("bob@example.test"), out -> {
            throw new IllegalStateException("bug");
        })).isInstanceOf(Transmission.Unreadable.class);
        awaitNoConnection(server);
        assertThat(server.mails()).isEmpty();
    }

    @Test
    void connectionThatFailsUnderTheBodyShouldNotBeTakenForAnUnreadableMail() {
        server.at(SmtpPhase.BODY, SmtpAct.drop());

        assertThat(session.send(to("bob@example.test"), SmtpSessionTest::writeALot)).isInstanceOfSatisfying(Transmission.Broken.class,
            broken -> {
                assertThat(broken.failure().phase()).isEqualTo(Phase.BODY);
                assertThat(broken.endOfData()).isEqualTo(FinalDot.NOT_SENT);
            });
    }

    @Test
    void sourceThatHidesALostConnectionShouldNotHideItFromUs() {
        server.at(SmtpPhase.BODY, SmtpAct.drop());

        assertThat(session.send(to("bob@example.test"), out -> {
            try {
                writeALot(out);
            } catch (IOException hidden) {
                assertThat(hidden).isNotNull();
            }
        })).isInstanceOf(Transmission.Broken.class);
    }

    @ParameterizedTest
    @EnumSource(value = SmtpPhase.class, names = {"MAIL", "RCPT", "DATA"})
    void farewellShouldBeSeenAtAnyPhase(SmtpPhase phase) {
        server.at(phase, SmtpAct.say("421 4.3.2 closing").then(SmtpAct.Then.CLOSE));

        assertThat(session.send(to("bob@example.test"), MAIL)).isInstanceOfSatisfying(Transmission.Broken.class, broken -> {
            assertThat(broken.failure().phase()).hasToString(phase.name());
            assertThat(broken.failure().reply()).map(SmtpReply::code).contains(421);
        });
        assertThat(session.isUsable()).isFalse();
    }

    @Test
    void farewellInTheMiddleOfTheBodyShouldBeSeen() {
        try (SmtpServer plain = SmtpFixture.clearServer("PIPELINING"); SmtpSession clear = connect(connector, plain)) {
            plain.at(SmtpPhase.BODY, SmtpAct.say("421 4.3.2 closing").then(SmtpAct.Then.CLOSE));

            assertThat(clear.send(to("bob@example.test"), SmtpSessionTest::writeALot)).isInstanceOfSatisfying(Transmission.Broken.class,
                broken -> assertThat(broken.failure().reply()).map(SmtpReply::code).contains(421));
        }
    }

    @Test
    void farewellOnAnIdleConnectionShouldBeSeen() {
        server.once(SmtpPhase.FINAL_REPLY, SmtpAct.say("250 2.0.0 taken", "421 4.4.2 idle").then(SmtpAct.Then.CLOSE));
        session.send(to("bob@example.test"), MAIL);

        assertThat(session.send(to("bob@example.test"), MAIL)).isInstanceOfSatisfying(Transmission.Broken.class,
            broken -> assertThat(broken.failure().reply()).map(SmtpReply::code).contains(421));
    }

    @Test
    void replyThatNobodyAskedForShouldEndTheSession() {
        server.once(SmtpPhase.FINAL_REPLY, SmtpAct.say("250 2.0.0 taken", "250 2.1.0 and the next one"));
        session.send(to("bob@example.test"), MAIL);

        assertThat(session.isAlive()).isFalse();
        assertThat(said(server, "C: RSET")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"MAIL, 354 go on", "RCPT, 354 go on", "DATA, 250 ok", "FINAL_REPLY, 354 go on", "MAIL, nonsense", "RCPT, 999 x",
        "DATA, 199 x", "FINAL_REPLY, 2500 x"})
    void protocolErrorShouldEndTheSessionWithoutAnotherCommand(SmtpPhase phase, String reply) {
        try (SmtpServer plain = SmtpFixture.clearServer()) {
            plain.reply(phase, reply);
            try (SmtpSession oneByOne = connect(connector, plain)) {
                assertThat(oneByOne.send(to("bob@example.test"), MAIL)).isInstanceOf(Transmission.Broken.class);
                assertThat(oneByOne.isUsable()).isFalse();
            }
            awaitNoConnection(plain);
            assertThat(plain.transcript().stream().filter(line -> !line.startsWith("-- ")).toList().getLast()).isEqualTo("S: " + reply);
        }
    }

    @Test
    void lostAfterTheFinalDotShouldBeUncertain() {
        server.at(SmtpPhase.FINAL_REPLY, SmtpAct.drop()).replyTo("no@example.test", "550 5.1.1 who?");

        Transmission result = session.send(to("no@example.test", "bob@example.test"), MAIL);

        assertThat(result).isInstanceOfSatisfying(Transmission.Broken.class, broken -> {
            assertThat(broken.endOfData()).isEqualTo(FinalDot.SENT);
            assertThat(broken.known()).extracting(RecipientReply::recipient).containsExactly("no@example.test");
        });
    }

    @Test
    void refusalsShouldOutliveTheConnection() {
        server.at(SmtpPhase.RCPT, SmtpAct.say("550 5.1.1 who?").then(SmtpAct.Then.CLOSE));

        assertThat(session.send(to("no@example.test"), MAIL)).isInstanceOf(Transmission.Completed.class);
        assertThat(session.isUsable()).isFalse();
    }

    @Test
    void sessionThatIsOverShouldNotBeUsed() {
        session.close();

        assertThat(session.isAlive()).isFalse();
        assertThatIllegalStateException().isThrownBy(() -> session.send(to("bob@example.test"), MAIL));
    }

    @ParameterizedTest
    @MethodSource("oddReplies")
    void mailShouldBeDeliveredHoweverOddlyTheServerSaysSo(String reply) {
        server.at(SmtpPhase.FINAL_REPLY, SmtpAct.sayBytes(reply.getBytes(StandardCharsets.US_ASCII)));

        assertThat(delivered(session.send(to("bob@example.test"), MAIL))).containsExactly("bob@example.test");
        server.behave();
        assertThat(session.send(to("bob@example.test"), MAIL)).isInstanceOf(Transmission.Completed.class);
    }

    static List<String> oddReplies() {
        return List.of("250 2.0.0 " + "x".repeat(3_000) + "\r\n", "250-2.0.0 a\r\n".repeat(150) + "250 2.0.0 b\r\n",
            "250-2.0.0 a\r\n251 b\r\n", "250\tok\r\n", "250ok\r\n");
    }

    @Test
    void endlessReplyToAMailShouldCountByItsFirstLine() {
        server.at(SmtpPhase.FINAL_REPLY, SmtpAct.flood("250-taken"));

        assertThat(delivered(session.send(to("bob@example.test"), MAIL))).containsExactly("bob@example.test");
        assertThat(session.send(to("bob@example.test"), MAIL)).isInstanceOfSatisfying(Transmission.Broken.class,
            broken -> assertThat(broken.endOfData()).isEqualTo(FinalDot.NOT_SENT));
    }

    @Test
    void repliesToAThousandRecipientsShouldBeKeptWithinABound() {
        server.at(SmtpPhase.RCPT, SmtpAct.say(("550-5.1.1 " + "x".repeat(2_000) + "\r\n").repeat(5) + "550 5.1.1 who?"));
        String[] recipients = IntStream.range(0, 1_000).mapToObj(i -> i + "@example.test").toArray(String[]::new);

        assertThat(session.send(to(recipients), MAIL)).isInstanceOfSatisfying(Transmission.Completed.class, completed -> {
            assertThat(completed.recipients()).hasSize(1_000)
                .allSatisfy(refused -> assertThat(refused.reply().enhancedCode()).contains("5.1.1"));
            assertThat(completed.recipients().stream().mapToInt(refused -> refused.reply().textLength()).sum())
                .isLessThan(65_536 + 1_000 * "5.1.1".length());
        });
    }

    @Test
    void serverThatListsChunkingShouldGetTheMailWithData() {
        String commands = "RSET\r\nMAIL FROM:<ceo@sender.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n";
        try (SmtpServer chunking = SmtpFixture.clearServer("PIPELINING", "CHUNKING"); SmtpConnector connector = SmtpFixture.connector();
             SmtpSession session = connect(connector, chunking)) {
            assertThat(session.send(to("bob@example.test"), SmtpFixture.content(commands))).isInstanceOf(Transmission.Completed.class);

            assertThat(said(chunking, "C: BDAT")).isEmpty();
            assertThat(chunking.mails()).singleElement().satisfies(mail -> assertThat(mail.text()).isEqualTo(commands));
        }
    }

    @Test
    void closingShouldSayQuitOnce() {
        assertThat(session.isAlive()).isTrue();
        session.close();
        session.close();
        awaitNoConnection(server);

        assertThat(said(server, "C: QUIT")).hasSize(1);
    }

    private static List<String> delivered(Transmission result) {
        return ((Transmission.Completed) result).recipients().stream().filter(RecipientReply::isDelivered)
            .map(RecipientReply::recipient).toList();
    }

    private static void writeALot(OutputStream out) throws IOException {
        byte[] line = new byte[1_000];
        Arrays.fill(line, (byte) 'x');
        line[998] = '\r';
        line[999] = '\n';
        for (int i = 0; i < 100_000; i++) {
            out.write(line);
        }
    }
}
