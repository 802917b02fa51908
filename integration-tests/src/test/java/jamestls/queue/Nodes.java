package jamestls.queue;

import jamestls.fakeinternet.FakeInternet;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the processes of these tests have in common. */
final class Nodes {

    private static final String PASSWORD = "anchors";

    private Nodes() {
    }

    /** Parameters of a mailet that lives in that internet; retries come after a second. */
    static Map<String, String> parameters(FakeInternet internet, Path directory, int perDestination) {
        try (OutputStream anchors = Files.newOutputStream(Files.createDirectories(directory.resolve("conf")).resolve("anchors.p12"))) {
            internet.ca().trustStore().store(anchors, PASSWORD.toCharArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("domain", "kill.example");
        parameters.put("heloName", "node.sender.example");
        parameters.put("delayTime", "20*1s");
        parameters.put("deliveriesPerDestination", "" + perDestination);
        parameters.put("dnsServers", "127.0.0.1:" + internet.dnsAddress().getPort());
        parameters.put("dnssec", "off");
        parameters.put("smtpPort", "" + internet.smtpPort());
        parameters.put("policyPort", "" + internet.policyPort());
        parameters.put("allowPrivateAddresses", "true");
        parameters.put("trustStore", "file://conf/anchors.p12");
        parameters.put("trustStorePassword", PASSWORD);
        return parameters;
    }

    /** A working directory in which only what is wrong goes to the log. */
    static Path directory(Path directory) {
        try {
            Files.writeString(Files.createDirectories(directory).resolve("logback.xml"), """
                <configuration>
                  <appender name="ERR" class="ch.qos.logback.core.ConsoleAppender"><target>System.err</target>
                    <encoder><pattern>%d %-5level %logger{36} - %msg%n%ex</pattern></encoder></appender>
                  <root level="WARN"><appender-ref ref="ERR"/></root>
                </configuration>
                """);
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
