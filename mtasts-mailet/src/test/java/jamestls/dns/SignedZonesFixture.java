package jamestls.dns;

import static jamestls.fakeinternet.Signing.Algorithm.ECDSA;
import static jamestls.fakeinternet.Signing.Algorithm.ED25519;
import static jamestls.fakeinternet.Signing.Algorithm.RSA;

import jamestls.dns.DnsSettings.DnssecMode;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.SettableClock;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.Zone;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** A private root with zones signed in every way below it, a resolver that hands it through, and our view of it. */
final class SignedZonesFixture implements AutoCloseable {

    final Zone zone = new Zone();
    final DnsTree tree = DnsTree.over(zone)
        .signed(".", Signing.with(RSA))
        .signed("example", Signing.with(ECDSA).nsec3())
        .signed("optout", Signing.with(ECDSA).optOut())
        .signed("nsec.example", Signing.with(ED25519))
        .signed("nsec3.example", Signing.with(RSA).nsec3())
        .unsigned("plain.example")
        .unsigned("plain.optout")
        .signed("signed.optout", Signing.with(ECDSA));
    final DnsServer server;
    final AtomicLong nanos = new AtomicLong();
    final SettableClock clock = new SettableClock(Instant.now());
    final DnsjavaDns dns;

    SignedZonesFixture() {
        tree.signedByTwins("twins.example").signed("costly.example", Signing.with(ECDSA).nsec3(ValidatorUpstream.MAX_ITERATIONS + 1));
        for (String domain : List.of("nsec.example", "nsec3.example", "plain.example", "plain.optout", "signed.optout", "twins.example",
            "costly.example")) {
            zone.mx(domain, 10, "mx." + domain).a("mx." + domain, "127.0.0.2").tlsa("_25._tcp.mx." + domain, 3, 1, 1, new byte[32]);
        }
        server = DnsServer.start(tree);
        dns = dns();
    }

    DnsSettings settings() {
        try {
            return DnsSettings.of(List.of(server.address())).within(Duration.ofSeconds(5), Duration.ofSeconds(15), 64, 1000)
                .with(DnssecMode.VALIDATE, TrustAnchors.read(new ByteArrayInputStream(tree.trustAnchorBytes())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Another view, with nothing in its cache. */
    DnsjavaDns dns() {
        return new DnsjavaDns(settings(), clock, nanos::get);
    }

    void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
        clock.advance(time);
    }

    @Override
    public void close() {
        server.close();
    }
}
