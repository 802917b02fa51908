package jamestls.fakeinternet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.Type;

class DnsServerTest {

    private final DnsServer server = DnsServer.start(new Zone()
        .mx("good.example", 10, "mx.good.example")
        .a("mx.good.example", "127.0.0.1")
        .cname("alias.example", "step.example")
        .cname("step.example", "mx.good.example"));

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void knownRecordsShouldBeAnsweredWhateverTheCase() throws IOException {
        Message reply = ask("GOOD.Example", Type.MX);

        assertThat(reply.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(answers(reply)).containsExactly("10 mx.good.example.");
        assertThat(server.queries()).containsExactly(new DnsQuery("good.example", "MX", DnsQuery.Transport.UDP, Set.of()));
        assertThat(server.queries("good.example", "MX")).isEqualTo(1);
    }

    @Test
    void unknownNameShouldBeNxdomainWithSoa() throws IOException {
        Message reply = ask("nobody.example", Type.A);

        assertThat(reply.getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(reply.getSection(Section.AUTHORITY)).singleElement().isInstanceOf(SOARecord.class);
    }

    @Test
    void otherTypeOfKnownNameShouldBeNodataWithSoa() throws IOException {
        Message reply = ask("mx.good.example", Type.AAAA);

        assertThat(reply.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(answers(reply)).isEmpty();
        assertThat(reply.getSection(Section.AUTHORITY)).singleElement().isInstanceOf(SOARecord.class);
    }

    @Test
    void cnamesShouldBeFollowedInOneAnswer() throws IOException {
        assertThat(answers(ask("alias.example", Type.A))).containsExactly("step.example.", "mx.good.example.", "127.0.0.1");
    }

    @Test
    void firstCnameOnlyShouldLeaveTheRestOut() throws IOException {
        server.faults().set("alias.example", DnsFault.FIRST_CNAME_ONLY);

        assertThat(answers(ask("alias.example", Type.A))).containsExactly("step.example.");
    }

    @Test
    void cnameLoopShouldEndTheAnswer() throws IOException {
        server.zone().cname("a.example", "b.example").cname("b.example", "a.example");

        assertThat(answers(ask("a.example", Type.A))).containsExactly("b.example.", "a.example.");
    }

    @Test
    void rcodeFaultsShouldBeSeenByTheClient() throws IOException {
        server.faults().set("good.example", DnsFault.SERVFAIL).set("mx.good.example", "A", DnsFault.REFUSED)
            .set("alias.example", DnsFault.NXDOMAIN);

        assertThat(ask("good.example", Type.MX).getRcode()).isEqualTo(Rcode.SERVFAIL);
        assertThat(ask("mx.good.example", Type.A).getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(ask("mx.good.example", Type.AAAA).getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(ask("alias.example", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    }

    @Test
    void clearedFaultShouldBeGone() throws IOException {
        server.faults().set("good.example", DnsFault.SERVFAIL).clear("good.example");

        assertThat(ask("good.example", Type.MX).getRcode()).isEqualTo(Rcode.NOERROR);
    }

    @Test
    void timeoutShouldSwallowTheQuery() {
        server.faults().set("good.example", DnsFault.TIMEOUT);

        assertThatThrownBy(this::askImpatiently).isInstanceOf(IOException.class);
        await().untilAsserted(() -> assertThat(server.queries("good.example", "MX")).isEqualTo(1));
    }

    @Test
    void delayLongerThanTheClientWaitsShouldLookLikeATimeout() {
        server.faults().delay("good.example", Duration.ofMinutes(1));

        assertThatThrownBy(this::askImpatiently).isInstanceOf(IOException.class);
    }

    @Test
    void garbageShouldNotParse() {
        server.faults().set("good.example", DnsFault.GARBAGE);

        assertThatThrownBy(() -> ask("good.example", Type.MX)).isInstanceOf(IOException.class);
    }

    @Test
    void truncatedShouldBeWholeOverTcp() throws IOException {
        server.faults().set("good.example", DnsFault.TRUNCATED);

        assertThat(answers(ask("good.example", Type.MX))).containsExactly("10 mx.good.example.");
        assertThat(server.queries()).extracting(DnsQuery::transport).containsExactly(DnsQuery.Transport.UDP, DnsQuery.Transport.TCP);
    }

    @Test
    void largeAnswerShouldBeTruncatedToWhatTheClientTakes() throws IOException {
        server.zone().txt("big.example", "x".repeat(3000));
        SimpleResolver resolver = resolver();
        resolver.setIgnoreTruncation(true);

        Message reply = resolver.send(query("big.example", Type.TXT));

        assertThat(reply.getHeader().getFlag(Flags.TC)).isTrue();
        assertThat(reply.numBytes()).isLessThanOrEqualTo(1232);
    }

    @Test
    void textShouldKeepItsBytes() throws IOException {
        byte[] bytes = "a\"b\\c;é\0".getBytes(StandardCharsets.UTF_8);
        server.zone().txt("text.example", bytes, "second".getBytes(StandardCharsets.US_ASCII));

        TXTRecord record = (TXTRecord) ask("text.example", Type.TXT).getSection(Section.ANSWER).getFirst();

        assertThat((byte[]) record.getStringsAsByteArrays().getFirst()).isEqualTo(bytes);
        assertThat(record.getStringsAsByteArrays()).hasSize(2);
    }

    @Test
    void changedZoneShouldBeAnsweredAtOnce() throws IOException {
        server.zone().remove("good.example", "MX").mx("good.example", 5, "other.example");

        assertThat(answers(ask("good.example", Type.MX))).containsExactly("5 other.example.");
    }

    private Message ask(String name, int type) throws IOException {
        return resolver().send(query(name, type));
    }

    private SimpleResolver resolver() {
        SimpleResolver resolver = new SimpleResolver(server.address());
        resolver.setTimeout(Duration.ofSeconds(10));
        return resolver;
    }

    private Message askImpatiently() throws IOException {
        SimpleResolver resolver = resolver();
        resolver.setTimeout(Duration.ofMillis(300));
        return resolver.send(query("good.example", Type.MX));
    }

    private static Message query(String name, int type) {
        return Message.newQuery(Record.newRecord(Zone.name(name), type, DClass.IN));
    }

    private static List<String> answers(Message reply) {
        return reply.getSection(Section.ANSWER).stream().map(Record::rdataToString).toList();
    }
}
