package jamestls.dns;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DnsSettings.DnssecMode;
import jamestls.fakeinternet.NameServers;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.SigningFault;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNAMERecord;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/**
 * Our judgement against Unbound's, on zones that Knot serves: on every name and type they agree, but for what is listed here
 * and argued in docs/limitations.md.
 */
class SecondOpinionTest {

    private enum State {
        SECURE, INSECURE, BOGUS, FAILED
    }

    private static final int[] TYPES = {Type.MX, Type.A, Type.AAAA, Type.TXT, Type.TLSA, Type.CNAME};

    private static SignedZonesFixture zones;
    private static NameServers servers;

    @BeforeAll
    static void start() {
        zones = new SignedZonesFixture();
        zones.tree.signed("broken.example", Signing.with(Signing.Algorithm.ECDSA))
            .signed("nods.example", Signing.with(Signing.Algorithm.ECDSA)).signed("wrongds.example", Signing.with(Signing.Algorithm.RSA))
            .signed("badkeys.example", Signing.with(Signing.Algorithm.ED25519))
            .signed("below.plain.example", Signing.with(Signing.Algorithm.RSA));
        for (SigningFault fault : List.of(SigningFault.BOGUS_SIGNATURE, SigningFault.EXPIRED, SigningFault.NOT_YET_VALID,
            SigningFault.WRONG_KEY, SigningFault.MISSING_SIGNATURE, SigningFault.STUNTED_SIGNATURE, SigningFault.MANY_SIGNATURES,
            SigningFault.MISSING_NSEC)) {
            String name = fault.name().toLowerCase(Locale.ROOT).replace('_', '-') + ".broken.example";
            zones.zone.a(name, "127.0.0.3").mx(name, 10, "mx.nsec.example").tlsa("_25._tcp." + name, 3, 1, 1, new byte[32]);
            zones.tree.fault(name, fault).fault("_25._tcp." + name, fault);
        }
        for (String domain : List.of("nods.example", "wrongds.example", "badkeys.example", "below.plain.example")) {
            zones.zone.mx(domain, 10, "mx." + domain).a("mx." + domain, "127.0.0.2");
        }
        zones.tree.fault("nods.example", SigningFault.STRIPPED_DS).fault("wrongds.example", SigningFault.WRONG_DS)
            .fault("badkeys.example", SigningFault.BOGUS_SIGNATURE);
        aliases();
        servers = NameServers.startOrSkip(zones.tree);
    }

    private static void aliases() {
        List<String> ends = List.of("mx.nsec.example", "mx.nsec3.example", "mx.plain.example", "mx.plain.optout", "expired.broken.example",
            "nobody.nsec.example", "nobody.plain.example", "mx.wrongds.example");
        for (String from : List.of("nsec.example", "nsec3.example", "plain.example", "signed.optout")) {
            for (int i = 0; i < ends.size(); i++) {
                zones.zone.cname("to" + i + "." + from, ends.get(i));
            }
            zones.zone.cname("long." + from, "to0.nsec.example").txt("*.wild." + from, "wild").mx("*.wild." + from, 5, "mx." + from)
                .cname("*.alias." + from, "mx." + from)
                .raw(new DNAMERecord(name("moved." + from), DClass.IN, 300, name("nsec.example")));
        }
    }

    @AfterAll
    static void stop() {
        if (servers != null) {
            servers.close();
        }
        if (zones != null) {
            zones.close();
        }
    }

    @Test
    @Tag("slow")
    void everyNameAndTypeShouldBeJudgedAsUnboundDoes() throws IOException {
        Validator ours = validator();
        Map<String, String> differences = new TreeMap<>();
        int compared = 0;
        for (Name name : names()) {
            for (int type : TYPES) {
                State unbound = unbound(name, type);
                State we = ours(ours, name, type);
                compared++;
                if (unbound != we) {
                    differences.put(name.toString(true) + " " + Type.string(type), "we " + we + ", unbound " + unbound);
                }
            }
        }
        // RFC 6672 §5.3.1: the CNAME made up from a signed DNAME is as good as the DNAME; Unbound finds it bogus if asked for itself
        assertThat(differences.entrySet()).filteredOn(entry -> !entry.getKey().matches(".*\\.moved\\..* CNAME")).isEmpty();
        assertThat(differences.values()).allMatch("we SECURE, unbound BOGUS"::equals);
        assertThat(differences).hasSizeLessThanOrEqualTo(6);
        assertThat(compared).isGreaterThan(1_000);
    }

    @Test
    void resolverOnLoopbackShouldBeBelieved() {
        DnsjavaDns dns = new DnsjavaDns(DnsSettings.of(List.of(servers.validator())).with(DnssecMode.TRUST_AD, TrustAnchors.iana()));

        assertThat(DnssecStatesTest.security(dns.mx(DomainName.of("nsec.example")))).isEqualTo(Security.SECURE);
        assertThat(DnssecStatesTest.security(dns.txt(DomainName.of("nobody.nsec3.example")))).isEqualTo(Security.SECURE);
        assertThat(DnssecStatesTest.security(dns.mx(DomainName.of("plain.example")))).isEqualTo(Security.INSECURE);
        assertThat(dns.mx(DomainName.of("expired.broken.example"))).isInstanceOf(DnsAnswer.Bogus.class);
        assertThat(dns.dnssec().standing()).isEqualTo(DnssecState.Standing.TRUSTING_RESOLVER);
    }

    private static Validator validator() throws IOException {
        DnsSettings settings = DnsSettings.of(List.of(servers.recursor()))
            .with(DnssecMode.VALIDATE, TrustAnchors.read(new ByteArrayInputStream(zones.tree.trustAnchorBytes())));
        return new Validator(new StubResolver(settings), settings::servers, settings.anchors(), new DnskeyCache(1000, System::nanoTime),
            Clock.systemUTC());
    }

    private static State ours(Validator validator, Name name, int type) {
        return switch (CnameChain.follow(validator, name, type, System.nanoTime() + TimeUnit.SECONDS.toNanos(12))) {
            case CnameChain.End.Records found -> found.security() == Security.SECURE ? State.SECURE : State.INSECURE;
            case CnameChain.End.Absent absent -> absent.security() == Security.SECURE ? State.SECURE : State.INSECURE;
            case CnameChain.End.Bogus bogus -> State.BOGUS;
            case CnameChain.End.Failed failed -> State.FAILED;
        };
    }

    private static State unbound(Name name, int type) throws IOException {
        Message checked = ask(servers.validator(), name, type, Flags.AD);
        if (checked.getRcode() == Rcode.NOERROR || checked.getRcode() == Rcode.NXDOMAIN) {
            return checked.getHeader().getFlag(Flags.AD) ? State.SECURE : State.INSECURE;
        }
        int unchecked = ask(servers.validator(), name, type, Flags.CD).getRcode();
        return unchecked == Rcode.NOERROR || unchecked == Rcode.NXDOMAIN ? State.BOGUS : State.FAILED;
    }

    private static Message ask(InetSocketAddress server, Name name, int type, int flag) throws IOException {
        SimpleResolver resolver = new SimpleResolver(server);
        resolver.setTimeout(Duration.ofSeconds(10));
        Message query = Message.newQuery(Record.newRecord(name, type, DClass.IN));
        query.getHeader().setFlag(flag);
        return resolver.send(query);
    }

    private static List<Name> names() {
        List<Name> names = new ArrayList<>();
        for (String name : zones.zone.allNames()) {
            names.add(name(name.replace("*", "some")));
        }
        for (String domain : List.of("example", "optout", "nsec.example", "nsec3.example", "plain.example", "plain.optout", "signed.optout",
            "costly.example", "twins.example", "broken.example", "below.plain.example")) {
            for (String below : List.of("nobody", "nobody.at.all", "_tcp.mx", "_25._tcp.nobody", "mx.moved", "nobody.moved",
                "any.thing.wild")) {
                names.add(name(below + "." + domain));
            }
            names.add(name(domain));
        }
        return names;
    }

    private static Name name(String text) {
        return Name.fromConstantString(text.endsWith(".") ? text : text + ".");
    }
}
