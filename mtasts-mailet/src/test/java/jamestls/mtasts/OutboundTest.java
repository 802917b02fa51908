package jamestls.mtasts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.config.Parameters;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.Zone;
import jamestls.outcome.TlsOutcomes;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.james.core.healthcheck.Result;
import org.apache.james.domainlist.api.DomainList;
import org.apache.james.domainlist.api.DomainListException;
import org.apache.james.filesystem.api.FileSystem;
import org.apache.james.metrics.api.Gauge;
import org.apache.james.metrics.api.GaugeRegistry;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;

/** What the state of DNSSEC looks like from outside. */
class OutboundTest {

    private final DnsTree tree = DnsTree.over(new Zone()).signed(".", Signing.with(Signing.Algorithm.ECDSA));
    private final DnsServer dns = DnsServer.start(tree);
    private final Map<String, Gauge<?>> gauges = new ConcurrentHashMap<>();
    private final HealthRegistry health = new HealthRegistry();

    @TempDir
    private Path conf;

    @AfterEach
    void close() {
        dns.close();
    }

    @Test
    void resolversThatStripDnssecShouldDegradeAndBeSeenInAGauge() throws Exception {
        tree.strip(true);
        try (Outbound outbound = open("validate")) {
            await().until(() -> gauge() == -1);

            assertThat(health().isDegraded()).isTrue();
            assertThat(health().getCause().orElseThrow()).contains("DNSSEC is not available", "DANE is off");
        }
    }

    @Test
    void resolversThatHandSignaturesThroughShouldBeHealthy() throws Exception {
        try (Outbound outbound = open("validate")) {
            assertThat(gauge()).as("not asked yet, or fine").isNotNegative();
            await().until(() -> gauge() == 2);

            assertThat(health().isHealthy()).isTrue();
        }
    }

    @Test
    void resolverThatOnlyShouldValidateShouldDegrade() throws Exception {
        try (Outbound outbound = open("trust-ad")) {
            await().until(() -> gauge() == -1);

            assertThat(health().getCause().orElseThrow()).contains("does not validate");
        }
    }

    @Test
    void dnssecThatWasSwitchedOffShouldNotDegrade() throws Exception {
        try (Outbound outbound = open("off")) {
            assertThat(gauge()).isZero();
            assertThat(health().isHealthy()).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"localhost, false", "mail.sender.example, true", "[IPv6:2001:db8::1], true"})
    void nameInEhloWithoutADotShouldDegrade(String heloName, boolean healthy) throws Exception {
        try (Outbound outbound = open("off", heloName)) {
            assertThat(health().isHealthy()).isEqualTo(healthy);
            if (!healthy) {
                assertThat(health().getCause().orElseThrow()).contains("the name in EHLO, 'localhost', has no dot", "parameter heloName");
            }
        }
    }

    private Outbound open(String dnssec) throws Exception {
        return open(dnssec, "mail.sender.example");
    }

    private Outbound open(String dnssec, String heloName) throws Exception {
        Files.write(conf.resolve("root.ds"), tree.trustAnchorBytes());
        JamesServices james = new JamesServices(null, withoutDomains(), new ConfFiles(), null, new RecordingMetricFactory(), new Gauges());
        Parameters parameters = new Parameters(SecureRemoteDelivery.NAME, Map.of("dnsServers", "127.0.0.1:" + dns.address().getPort(),
            "dnssec", dnssec, "trustAnchors", "file://conf/root.ds", "heloName", heloName, "database", "memory"),
            new StockNames(), james);
        Outbound outbound = Outbound.open(parameters, james, new TlsOutcomes(), Clock.systemUTC());
        outbound.publish();
        health.watch(outbound::problems);
        return outbound;
    }

    private static DomainList withoutDomains() {
        return (DomainList) Proxy.newProxyInstance(OutboundTest.class.getClassLoader(), new Class<?>[] {DomainList.class},
            (proxy, method, arguments) -> {
                throw new DomainListException("none");
            });
    }

    private int gauge() {
        return (Integer) gauges.get("mtastsDnssec").get();
    }

    private Result health() {
        return Mono.from(new DeliveryHealthCheck(health, new TlsOutcomes()).check()).block();
    }

    private final class Gauges implements GaugeRegistry {
        @Override
        public <T> GaugeRegistry register(String name, Gauge<T> gauge) {
            gauges.put(name, gauge);
            return this;
        }

        @Override
        public <T> SettableGauge<T> settableGauge(String name) {
            throw new AssertionError(name);
        }
    }

    private final class ConfFiles implements FileSystem {
        @Override
        public InputStream getResource(String url) throws IOException {
            return Files.newInputStream(getFile(url).toPath());
        }

        @Override
        public File getFile(String url) {
            return conf.resolve(url.substring("file://conf/".length())).toFile();
        }

        @Override
        public File getBasedir() {
            return conf.toFile();
        }
    }
}
