package jamestls.smtp;

import static jamestls.smtp.SmtpRoom.MAIL;
import static jamestls.smtp.SmtpRoom.awaitNoConnection;
import static jamestls.smtp.SmtpRoom.connect;
import static jamestls.smtp.SmtpRoom.content;
import static jamestls.smtp.SmtpRoom.said;
import static jamestls.smtp.SmtpRoom.to;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.smtp.Transmission.FinalDot;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkingTest {

    private static final int CHUNK = 65_536;
    private static final String LARGE = (".." + "x".repeat(68) + "\r\n").repeat(10_000);

    private final SmtpServer server = SmtpServer.named("mx1.example.test").identity(SmtpRoom.CA.issue("mx1.example.test"))
        .keywords("PIPELINING", "8BITMIME", "CHUNKING").start();
    private final SmtpConnector connector = SmtpRoom.connector();
    private final SmtpSession session = connect(connector, server);

    @AfterEach
    void everyConnectionShouldBeClosed() {
        session.close();
        server.release();
        awaitNoConnection(server);
        connector.close();
        server.close();
    }

    @Test
    void smallMailShouldGoInOneChunkWithoutData() {
        assertThat(session.send(to("bob@example.test"), content("Subject: dots\r\n\r\n.\r\n..two"))).satisfies(ChunkingTest::isDelivered);

        assertThat(server.mails().getFirst().text()).isEqualTo("Subject: dots\r\n\r\n.\r\n..two\r\n");
        assertThat(said(server, "C: BDAT")).containsExactly("C: BDAT 27 LAST");
        assertThat(said(server, "C: DATA")).isEmpty();
    }

    @Test
    void largeMailShouldGoInChunksOnTheWayTogether() {
        assertThat(session.send(to("bob@example.test"), content(LARGE))).satisfies(ChunkingTest::isDelivered);

        assertThat(server.mails().getFirst().text()).isEqualTo(LARGE);
        List<String> chunks = said(server, "C: BDAT");
        assertThat(chunks).hasSize(LARGE.length() / CHUNK + 1).startsWith("C: BDAT " + CHUNK).last().asString()
            .isEqualTo("C: BDAT " + LARGE.length() % CHUNK + " LAST");
    }

    @ParameterizedTest
    @ValueSource(strings = {"one\ntwo\n", "one\rtwo\r", "one\r\ntwo", "one\n\rtwo\r\n"})
    void lineEndsShouldBecomeCrLf(String text) {
        session.send(to("bob@example.test"), out -> {
            for (byte b : text.getBytes(StandardCharsets.US_ASCII)) {
                out.write(b);
            }
        });

        assertThat(server.mails().getFirst().text().replace("\r\n", "|")).isIn("one|two|", "one||two|").doesNotContain("\r", "\n");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, CHUNK - 2, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 2, 2 * CHUNK})
    void everySizeShouldArriveWhole(int size) {
        String text = "x".repeat(size);
        assertThat(session.send(to("bob@example.test"), content(text))).satisfies(ChunkingTest::isDelivered);

        assertThat(server.mails().getFirst().text()).isEqualTo(size == 0 ? "" : text + "\r\n");
    }

    @Test
    void noChunkShouldBeSentBeforeSomebodyIsTaken() {
        server.replyTo("no@example.test", "550 5.1.1 who?");

        session.send(to("no@example.test"), MAIL);

        assertThat(said(server, "C: BDAT")).isEmpty();
        assertThat(session.send(to("yes@example.test"), MAIL)).satisfies(ChunkingTest::isDelivered);
        assertThat(said(server, "C: RSET")).hasSize(1);
    }

    @Test
    void refusedChunkShouldEndTheMailAndLeaveTheSessionUsable() {
        server.replyTo("no@example.test", "550 5.1.1 who?")
            .once(SmtpPhase.CHUNK, SmtpAct.say("250 2.0.0 go on")).once(SmtpPhase.CHUNK, SmtpAct.say("452 4.3.1 full"));

        Transmission result = session.send(to("no@example.test", "bob@example.test"), content(LARGE.repeat(4)));

        assertThat(((Transmission.Completed) result).recipients()).extracting(r -> r.recipient() + " " + r.reply().code())
            .containsExactly("no@example.test 550", "bob@example.test 452");
        // eight on the way, and then it is known
        assertThat(said(server, "C: BDAT")).hasSizeLessThanOrEqualTo(10).noneMatch(line -> line.endsWith("LAST"));
        assertThat(server.mails()).isEmpty();
        assertThat(session.send(to("bob@example.test"), MAIL)).satisfies(ChunkingTest::isDelivered);
        assertThat(said(server, "C: RSET")).hasSize(1);
    }

    @Test
    void refusalKnownOnlyAfterTheLastChunkShouldDecide() {
        server.once(SmtpPhase.CHUNK, SmtpAct.say("552 5.3.4 too large"));

        Transmission result = session.send(to("bob@example.test"), content("x\r\n".repeat(CHUNK / 2)));

        assertThat(((Transmission.Completed) result).recipients()).extracting(r -> r.reply().code()).containsExactly(552);
        assertThat(session.send(to("bob@example.test"), MAIL)).satisfies(ChunkingTest::isDelivered);
    }

    @ParameterizedTest
    @ValueSource(strings = {"552 5.3.4 too big", "452 4.3.1 full", "421 4.3.2 closing"})
    void lastReplyShouldDecideForThoseAccepted(String reply) {
        server.once(SmtpPhase.FINAL_REPLY, SmtpAct.say(reply));

        Transmission result = session.send(to("bob@example.test"), MAIL);

        assertThat(((Transmission.Completed) result).recipients()).extracting(r -> r.reply().toString()).containsExactly(reply);
        assertThat(session.isUsable()).isEqualTo(!reply.startsWith("421"));
    }

    @ParameterizedTest
    @CsvSource({"500 5.5.1 what?", "502 5.5.1 not implemented"})
    void serverThatDoesNotKnowBdatShouldGetData(String reply) {
        server.once(SmtpPhase.FINAL_REPLY, SmtpAct.say(reply));

        assertThat(session.send(to("bob@example.test"), MAIL)).satisfies(ChunkingTest::isDelivered);
        assertThat(session.send(to("bob@example.test"), MAIL)).satisfies(ChunkingTest::isDelivered);
        assertThat(said(server, "C: BDAT")).hasSize(1);
        assertThat(said(server, "C: DATA")).hasSize(2);
        assertThat(server.mails()).hasSize(2);
    }

    @Test
    void withoutPipeliningChunksShouldWaitForReplies() {
        try (SmtpServer plain = SmtpRoom.clearServer("CHUNKING"); SmtpSession oneByOne = connect(connector, plain)) {
            plain.once(SmtpPhase.CHUNK, SmtpAct.say("452 4.3.1 full"));

            oneByOne.send(to("bob@example.test"), content(LARGE));

            assertThat(said(plain, "C: BDAT")).hasSize(1);
        }
    }

    @Test
    void lostAfterTheLastChunkShouldBeUncertainAndBeforeItCertain() {
        server.once(SmtpPhase.CHUNK, SmtpAct.drop());
        assertThat(session.send(to("bob@example.test"), content(LARGE.repeat(20)))).isInstanceOfSatisfying(Transmission.Broken.class,
            broken -> assertThat(broken.endOfData()).isEqualTo(FinalDot.NOT_SENT));

        try (SmtpSession second = connect(connector, server)) {
            server.once(SmtpPhase.FINAL_REPLY, SmtpAct.drop());
            assertThat(second.send(to("bob@example.test"), MAIL)).isInstanceOfSatisfying(Transmission.Broken.class,
                broken -> assertThat(broken.endOfData()).isEqualTo(FinalDot.SENT));
        }
    }

    @Test
    void farewellInsteadOfAChunksReplyShouldBeSeen() {
        server.once(SmtpPhase.CHUNK, SmtpAct.say("421 4.3.2 closing").then(SmtpAct.Then.CLOSE));

        assertThat(session.send(to("bob@example.test"), content(LARGE.repeat(20)))).isInstanceOfSatisfying(Transmission.Broken.class,
            broken -> assertThat(broken.endOfData()).isEqualTo(FinalDot.NOT_SENT));
        assertThat(session.isUsable()).isFalse();
    }

    @Test
    void goAheadShouldBeNoAnswerToAChunk() {
        server.once(SmtpPhase.FINAL_REPLY, SmtpAct.say("354 go on"));

        assertThat(session.send(to("bob@example.test"), MAIL)).isInstanceOf(Transmission.Broken.class);
        assertThat(session.isUsable()).isFalse();
    }

    @Test
    void sourceThatFailsShouldEndWithoutALastChunk() {
        assertThat(session.send(to("bob@example.test"), out -> {
            out.write(LARGE.getBytes(StandardCharsets.US_ASCII));
            out.close();
            throw new IOException("disk");
        })).isInstanceOfSatisfying(Transmission.Unreadable.class, unreadable -> assertThat(unreadable.cause()).hasMessage("disk"));
        assertThat(session.isUsable()).isFalse();
        awaitNoConnection(server);
        assertThat(server.mails()).isEmpty();
        assertThat(said(server, "C: BDAT")).noneMatch(line -> line.endsWith("LAST"));
    }

    @Test
    void sourceThatHidesARefusalShouldNotHideItFromUs() {
        server.once(SmtpPhase.CHUNK, SmtpAct.say("452 4.3.1 full"));

        Transmission result = session.send(to("bob@example.test"), out -> writeAndHide(out, LARGE.repeat(4)));

        assertThat(((Transmission.Completed) result).recipients()).extracting(r -> r.reply().code()).containsExactly(452);
        assertThat(server.mails()).isEmpty();
    }

    @Test
    void neverShouldMeanData() {
        try (SmtpConnector withData = new SmtpConnector(SmtpRoom.settings().with(Chunking.NEVER));
             SmtpSession other = connect(withData, server)) {
            assertThat(other.send(to("bob@example.test"), MAIL)).satisfies(ChunkingTest::isDelivered);
            assertThat(said(server, "C: BDAT")).isEmpty();
        }
    }

    private static void writeAndHide(OutputStream out, String text) {
        try {
            out.write(text.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException hidden) {
            assertThat(hidden).isNotNull();
        }
    }

    private static void isDelivered(Transmission result) {
        assertThat(result).isInstanceOfSatisfying(Transmission.Completed.class,
            completed -> assertThat(completed.recipients()).allMatch(RecipientReply::isDelivered));
    }
}
