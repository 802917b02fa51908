package jamestls.mtasts.web;

import jamestls.config.Parameters;
import jamestls.mtasts.JamesServices;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.SecureRemoteDelivery;
import jamestls.mtasts.StockNames;
import jamestls.outcome.TlsOutcomes;
import jamestls.web.AdminServer;
import java.io.File;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import org.apache.james.filesystem.api.FileSystem;
import org.apache.james.metrics.tests.RecordingMetricFactory;

/** The wiring of a SecureRemoteDelivery that delivers nothing. */
final class TestOutbound {

    private TestOutbound() {
    }

    /** @param more parameters besides those that every test has; {@code file://conf/} is {@code directory} */
    static Outbound open(Path directory, Map<String, String> more) throws Exception {
        JamesServices james = new JamesServices(null, AdminServer.domains(), new ConfFiles(directory), null,
            new RecordingMetricFactory(), null);
        Map<String, String> parameters = new HashMap<>(Map.of("dnsServers", "127.0.0.1:9", "dnssec", "off",
            "heloName", "mail.sender.example", "database", "memory"));
        parameters.putAll(more);
        return Outbound.open(new Parameters(SecureRemoteDelivery.NAME, parameters, new StockNames(), james), james, new TlsOutcomes(),
            Clock.systemUTC());
    }

    private record ConfFiles(Path directory) implements FileSystem {
        @Override
        public InputStream getResource(String url) {
            throw new AssertionError(url);
        }

        @Override
        public File getFile(String url) {
            return directory.resolve(url.substring("file://conf/".length())).toFile();
        }

        @Override
        public File getBasedir() {
            return directory.toFile();
        }
    }
}
