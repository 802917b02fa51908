package jamestls.mtasts.mx;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.MxRecord;
import jamestls.dns.Security;
import jamestls.fakeinternet.FakeDns;
import jamestls.fakeinternet.FakeDns.Question;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DestinationsTest {

    private static final DomainName DOMAIN = DomainName.of("example.org");

    @Test
    void hostsShouldBeTriedByPreference() {
        assertThat(found(mx(20, "b.example"), mx(10, "a.example"), mx(30, "c.example")))
            .isEqualTo(new Destination.Hosts(List.of(host("a.example", 10), host("b.example", 20), host("c.example", 30)),
                Security.INSECURE));
    }

    @Test
    void equalPreferenceShouldBeShuffled() {
        Random random = new Random(7);
        long firstPlaces = IntStream.range(0, 200)
            .mapToObj(i -> (Destination.Hosts) find(random, answer(mx(10, "a.example"), mx(10, "b.example"))))
            .filter(hosts -> hosts.inOrder().getFirst().name().ascii().equals("a.example")).count();

        assertThat(firstPlaces).isBetween(60L, 140L);
    }

    @Test
    void nullMxShouldMeanThatNoMailIsTaken() {
        assertThat(found(new MxRecord(0, Optional.empty()))).isInstanceOf(Destination.TakesNoMail.class);
    }

    @Test
    void nullMxBesideRealOnesShouldBeIgnored() {
        assertThat(found(new MxRecord(0, Optional.empty()), mx(10, "a.example")))
            .isEqualTo(new Destination.Hosts(List.of(host("a.example", 10)), Security.INSECURE));
    }

    @Test
    void provableAbsenceShouldMakeTheDomainItsOwnHost() {
        assertThat(find(new Random(1), new DnsAnswer.Absent<>(Security.SECURE)))
            .isEqualTo(new Destination.Hosts(List.of(new MxHost(DOMAIN, 0)), Security.SECURE));
    }

    @Test
    void errorShouldNeverMakeTheDomainItsOwnHost() {
        assertThat(find(new Random(1), new DnsAnswer.Failed<>("SERVFAIL"))).isInstanceOfSatisfying(Destination.Unknown.class,
            unknown -> assertThat(unknown.reason()).contains("example.org").contains("SERVFAIL"));
        assertThat(find(new Random(1), new DnsAnswer.Bogus<>("expired signature"))).isInstanceOf(Destination.Unknown.class);
    }

    @Test
    void endlessListsShouldBeCut() {
        MxRecord[] many = IntStream.range(0, 500).mapToObj(i -> mx(i, "h" + i + ".example")).toArray(MxRecord[]::new);

        assertThat(((Destination.Hosts) found(many)).inOrder()).hasSize(Destinations.MAX_HOSTS)
            .startsWith(host("h0.example", 0));
    }

    @Test
    void hostAtTwoPreferencesShouldBeTriedOnce() {
        assertThat(found(mx(30, "a.example"), mx(10, "b.example"), mx(20, "a.example"), mx(10, "b.example")))
            .isEqualTo(new Destination.Hosts(List.of(host("b.example", 10), host("a.example", 20)), Security.INSECURE));
    }

    @Test
    void addressInPlaceOfAHostNameShouldBePermanentWithTheReason() {
        MxRecord literal = new MxRecord(10, Optional.empty(), "192.0.2.1");

        assertThat(found(literal)).isEqualTo(new Destination.NoHostName(
            "the MX record points to '192.0.2.1', which is not a host name (RFC 5321 §5.1)"));
        assertThat(found(literal, mx(20, "a.example"))).isInstanceOf(Destination.Hosts.class);
    }

    @Test
    void ourselvesAndAllThatAreNotPreferredShouldBeLeftOut() {
        OwnAddresses itself = new OwnAddresses(Optional.of(DomainName.of("b.example.org")), Set.of());

        assertThat(find(itself, answer(mx(10, "a.example.org"), mx(20, "b.example.org"), mx(20, "c.example.org"), mx(30, "d.example.org"))))
            .isEqualTo(new Destination.Hosts(List.of(host("a.example.org", 10)), Security.INSECURE));
    }

    @Test
    void domainWhoseBestHostWeAreShouldBeALoop() {
        OwnAddresses itself = new OwnAddresses(Optional.of(DomainName.of("b.example.org")), Set.of());

        assertThat(find(itself, answer(mx(20, "b.example.org"), mx(30, "d.example.org"))))
            .isEqualTo(new Destination.LoopsBack(host("b.example.org", 20)));
    }

    @Test
    void localhostShouldBeNoNameToKnowOneselfBy() {
        assertThat(OwnAddresses.named("localhost").answersTo("localhost")).isFalse();
        assertThat(OwnAddresses.named("mail.example.org").answersTo("MAIL.example.org")).isTrue();
    }

    private static Destination found(MxRecord... records) {
        return find(new Random(1), answer(records));
    }

    private static DnsAnswer<MxRecord> answer(MxRecord... records) {
        return new DnsAnswer.Found<>(List.of(records), Security.INSECURE, DOMAIN);
    }

    private static Destination find(Random random, DnsAnswer<MxRecord> answer) {
        return find(random, OwnAddresses.unknown(), answer);
    }

    private static Destination find(OwnAddresses itself, DnsAnswer<MxRecord> answer) {
        return find(new Random(1), itself, answer);
    }

    private static Destination find(Random random, OwnAddresses itself, DnsAnswer<MxRecord> answer) {
        return new Destinations(FakeDns.answeringOnly(Question.MX).answer(Question.MX, DOMAIN, answer), random, itself).find(DOMAIN);
    }

    private static MxRecord mx(int preference, String host) {
        return new MxRecord(preference, Optional.of(DomainName.of(host)));
    }

    private static MxHost host(String name, int preference) {
        return new MxHost(DomainName.of(name), preference);
    }
}
