package jamestls.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DnsAnswer.Absent;
import jamestls.dns.DnsAnswer.Failed;
import jamestls.dns.DnsAnswer.Found;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.DnsQuery;
import jamestls.fakeinternet.DnsServer;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DnsjavaDnsTest {

    private final DnsServer server = DnsServer.start();
    private final DnsServer second = DnsServer.start(server.zone());
    private final DnsjavaDns dns = new DnsjavaDns(DnsSettings.of(List.of(server.address(), second.address())));
    private final DnsjavaDns impatient = new DnsjavaDns(
        DnsSettings.of(List.of(server.address(), second.address())).within(Duration.ofMillis(700), Duration.ofSeconds(10), 64, 1000));

    @AfterEach
    void stop() {
        server.close();
        second.close();
    }

    @Test
    void mxShouldGiveTheRecords() {
        server.zone().ttl(120).mx("good.example", 10, "MX.good.example").mx("good.example", 20, "mx2.good.example");

        Found<MxRecord> found = found(dns.mx(DomainName.of("good.example")));

        assertThat(found.records()).containsExactlyInAnyOrder(
            new MxRecord(10, Optional.of(DomainName.of("mx.good.example"))),
            new MxRecord(20, Optional.of(DomainName.of("mx2.good.example"))));
        assertThat(found.security()).isEqualTo(Security.INSECURE);
        assertThat(found.canonicalName()).isEqualTo(DomainName.of("good.example"));
    }

    @Test
    void mxShouldShowTheNullMxAsNoHost() {
        // RFC 7505 §3
        server.zone().mx("nomail.example", 0, ".");

        assertThat(found(dns.mx(DomainName.of("nomail.example"))).records()).containsExactly(new MxRecord(0, Optional.empty()));
    }

    @Test
    void malformedMxShouldNotSpoilTheGoodOnes() {
        server.zone().mx("odd.example", 10, "mx\\032a.odd.example").mx("odd.example", 20, "mx.odd.example");

        assertThat(found(dns.mx(DomainName.of("odd.example"))).records())
            .containsExactly(new MxRecord(20, Optional.of(DomainName.of("mx.odd.example"))));
    }

    @Test
    void mxThatAreAllMalformedShouldBeFoundAsSuchAndNoAbsence() {
        server.zone().mx("odd.example", 10, "192.0.2.1").mx("odd.example", 20, ".");

        assertThat(found(dns.mx(DomainName.of("odd.example"))).records()).singleElement().satisfies(mx -> {
            assertThat(mx.isMalformed()).isTrue();
            assertThat(mx.exchange()).isEqualTo("192.0.2.1");
        });
    }

    @Test
    void mxShouldKeepTheHundredMostPreferred() {
        IntStream.rangeClosed(1, 120).forEach(i -> server.zone().mx("many.example", i, "m" + i + ".many.example"));

        List<MxRecord> records = found(dns.mx(DomainName.of("many.example"))).records();

        assertThat(records).hasSize(100).extracting(MxRecord::preference)
            .containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(1, 100).boxed().toList());
    }

    @Test
    void unknownNameAndOtherTypeShouldBeAbsent() {
        server.zone().a("host.example", "127.0.0.1");

        assertThat(dns.mx(DomainName.of("nobody.example"))).isInstanceOf(Absent.class);
        assertThat(dns.txt(DomainName.of("host.example"))).isInstanceOf(Absent.class);
    }

    @ParameterizedTest
    @EnumSource(value = DnsFault.class, names = {"SERVFAIL", "REFUSED", "GARBAGE", "TIMEOUT"})
    void faultOfEveryServerShouldBeAFailureThatSaysWhere(DnsFault fault) {
        server.zone().mx("good.example", 10, "mx.good.example");
        server.faults().set("good.example", fault);
        second.faults().set("good.example", fault);

        assertThat(failure(impatient.mx(DomainName.of("good.example"))))
            .contains("MX of good.example", "127.0.0.1 port " + server.address().getPort(), "127.0.0.1 port " + second.address().getPort());
    }

    @ParameterizedTest
    @EnumSource(value = DnsFault.class, names = {"SERVFAIL", "REFUSED", "GARBAGE", "TIMEOUT"})
    void nextServerShouldBeAskedWhenOneHasNoAnswer(DnsFault fault) {
        server.zone().mx("good.example", 10, "mx.good.example");
        server.faults().set("good.example", fault);

        assertThat(found(dns.mx(DomainName.of("good.example"))).records()).hasSize(1);
        assertThat(second.queries("good.example", "MX")).isEqualTo(1);
    }

    @Test
    void silentServersShouldBeAskedTwiceAtMost() {
        server.faults().set("slow.example", DnsFault.TIMEOUT);
        second.faults().set("slow.example", DnsFault.TIMEOUT);

        failure(impatient.mx(DomainName.of("slow.example")));

        await().untilAsserted(() -> assertThat(server.queries("slow.example", "MX")).isEqualTo(2));
        await().untilAsserted(() -> assertThat(second.queries("slow.example", "MX")).isEqualTo(2));
    }

    @Test
    void nxdomainShouldBeBelievedOfTheFirstServer() {
        server.faults().set("good.example", DnsFault.NXDOMAIN);
        server.zone().mx("good.example", 10, "mx.good.example");

        assertThat(dns.mx(DomainName.of("good.example"))).isInstanceOf(Absent.class);
        assertThat(second.queries()).isEmpty();
    }

    @Test
    void truncatedAnswerShouldBeFetchedOverTcp() {
        server.zone().mx("good.example", 10, "mx.good.example");
        server.faults().set("good.example", DnsFault.TRUNCATED);

        assertThat(found(dns.mx(DomainName.of("good.example"))).records()).hasSize(1);
        assertThat(server.queries()).extracting(DnsQuery::transport).containsExactly(DnsQuery.Transport.UDP, DnsQuery.Transport.TCP);
    }

    @Test
    void addressesShouldPutIpv6First() throws Exception {
        server.zone().a("host.example", "127.0.0.1", "127.0.0.2").aaaa("host.example", "::1");

        assertThat(found(dns.addresses(DomainName.of("host.example"))).records()).first().isEqualTo(InetAddress.getByName("::1"));
        assertThat(found(dns.addresses(DomainName.of("host.example"))).records()).hasSize(3);
    }

    @Test
    void addressesShouldNotBeSpoiltByOneFamily() {
        server.zone().a("host.example", "127.0.0.1");
        server.faults().set("host.example", "AAAA", DnsFault.SERVFAIL);
        second.faults().set("host.example", "AAAA", DnsFault.SERVFAIL);

        assertThat(found(dns.addresses(DomainName.of("host.example"))).records()).hasSize(1);
    }

    @Test
    void addressesShouldFailWhenOneFamilyIsAbsentAndTheOtherUnknown() {
        server.zone().mx("host.example", 10, "host.example");
        server.faults().set("host.example", "A", DnsFault.SERVFAIL);
        second.faults().set("host.example", "A", DnsFault.SERVFAIL);

        assertThat(failure(dns.addresses(DomainName.of("host.example")))).contains("A of host.example", "SERVFAIL");
    }

    @Test
    void addressesShouldBeAbsentWhenNeitherFamilyExists() {
        assertThat(dns.addresses(DomainName.of("nobody.example"))).isInstanceOf(Absent.class);
    }

    @Test
    void cnamesShouldBeFollowed() {
        server.zone().cname("alias.example", "host.example").a("host.example", "127.0.0.1");

        Found<InetAddress> found = found(dns.addresses(DomainName.of("alias.example")));

        assertThat(found.canonicalName()).isEqualTo(DomainName.of("host.example"));
    }

    @Test
    void cnameThatTheServerDidNotFollowShouldBeFollowed() {
        server.zone().cname("_mta-sts.a.example", "_mta-sts.b.example").cname("_mta-sts.b.example", "_mta-sts.c.example")
            .txt("_mta-sts.c.example", "v=STSv1; id=1;");
        server.faults().set("_mta-sts.a.example", DnsFault.FIRST_CNAME_ONLY).set("_mta-sts.b.example", DnsFault.FIRST_CNAME_ONLY);

        assertThat(found(dns.txt(DomainName.of("_mta-sts.a.example"))).records()).containsExactly("v=STSv1; id=1;");
    }

    @Test
    void cnameToNothingShouldBeAbsent() {
        server.zone().cname("dangling.example", "nobody.example");

        assertThat(dns.txt(DomainName.of("dangling.example"))).isInstanceOf(Absent.class);
    }

    @Test
    void cnameCircleShouldFail() {
        server.zone().cname("a.example", "b.example").cname("b.example", "a.example");

        assertThat(failure(dns.txt(DomainName.of("a.example")))).contains("circle");
    }

    @Test
    void eightCnamesShouldBeFollowedAndNineNot() {
        IntStream.range(0, 9).forEach(i -> server.zone().cname("c" + i + ".example", "c" + (i + 1) + ".example"));
        server.zone().txt("c9.example", "end");

        assertThat(found(dns.txt(DomainName.of("c1.example"))).records()).containsExactly("end");
        assertThat(failure(dns.txt(DomainName.of("c0.example")))).contains("more than 8 CNAMEs");
    }

    @Test
    void txtShouldJoinTheStringsOfARecordWithoutBlanks() {
        server.zone().txt("_mta-sts.good.example", "v=STSv1; i", "d=1;").txt("_mta-sts.good.example", "other");

        assertThat(found(dns.txt(DomainName.of("_mta-sts.good.example"))).records()).containsExactlyInAnyOrder("v=STSv1; id=1;", "other");
    }

    @Test
    void txtShouldKeepBytesThatAreNotAscii() {
        server.zone().txt("text.example", new byte[] {'a', (byte) 0xff, 0, (byte) 0xc3, (byte) 0xa9, '"', '\\'});

        assertThat(found(dns.txt(DomainName.of("text.example"))).records()).singleElement()
            .satisfies(text -> assertThat(text.getBytes(StandardCharsets.ISO_8859_1))
                .containsExactly('a', 0xff, 0, 0xc3, 0xa9, '"', '\\'));
    }

    @Test
    void longTxtShouldBeCutSoThatItIsSeenToBeTooLong() {
        server.zone().txt("long.example", "x".repeat(20_000));

        assertThat(found(dns.txt(DomainName.of("long.example"))).records()).containsExactly("x".repeat(16_385));
    }

    @Test
    void recordThatIsMeantShouldNotBeHiddenBehindOthers() {
        IntStream.range(0, 200).forEach(i -> server.zone().txt("many.example", "t" + i).a("many.example", "10.0.0." + i)
            .mx("many.example", 1, "mx.many.example").mx("many.example", i, "192.0.2." + i));
        server.zone().txt("many.example", "v=STSv1; id=1;").a("many.example", "203.0.113.1").mx("many.example", 300, "good.many.example");

        assertThat(found(dns.txt(DomainName.of("many.example"))).records()).hasSize(201).contains("v=STSv1; id=1;");
        assertThat(found(dns.addresses(DomainName.of("many.example"))).records()).hasSize(201);
        assertThat(found(dns.mx(DomainName.of("many.example"))).records()).extracting(mx -> mx.host().orElseThrow().ascii())
            .containsExactly("mx.many.example", "good.many.example");
    }

    @Test
    void longestNameShouldBeAsked() {
        String name = IntStream.range(0, 4).mapToObj(i -> "n".repeat(i == 3 ? 61 : 63)).collect(Collectors.joining("."));
        server.zone().txt(name, "long name");

        assertThat(found(dns.txt(DomainName.of(name))).records()).containsExactly("long name");
    }

    private static <T> Found<T> found(DnsAnswer<T> answer) {
        assertThat(answer).isInstanceOf(Found.class);
        return (Found<T>) answer;
    }

    private static String failure(DnsAnswer<?> answer) {
        assertThat(answer).isInstanceOf(Failed.class);
        return ((Failed<?>) answer).reason();
    }
}
