package jamestls.install;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/** Two jars that look like ours: the classes that are looked for, and a version. */
final class FakeJars {

    private FakeJars() {
    }

    /** @param classifier {@code -james38} for those of James 3.8 */
    static List<Path> write(Path directory, String version, String classifier) throws IOException {
        String api = classifier.isEmpty() ? "jakarta/mail/Message" : "javax/mail/Message";
        return List.of(
            write(directory.resolve("mtasts-mailet-" + version + classifier + ".jar"), version, api,
                List.of("jamestls/mtasts/SecureRemoteDelivery", "jamestls/mtasts/DeliveryHealthCheck", "jamestls/mtasts/web/DomainRoutes",
                    "jamestls/mtasts/web/PolicyRoutes", "jamestls/mtasts/web/HeldRoutes", "jamestls/mtasts/web/ExplainRoutes",
                    "jamestls/web/PageRoutes", "jamestls/web/PageLinkRoutes")),
            write(directory.resolve("tlsrpt-mailet-" + version + classifier + ".jar"), version, api,
                List.of("jamestls/tlsrpt/TlsReporting", "jamestls/tlsrpt/ReportingHealthCheck", "jamestls/tlsrpt/web/ReportRoutes",
                    "jamestls/tlsrpt/web/SendReportsTaskModule")));
    }

    private static Path write(Path file, String version, String api, List<String> classes) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.IMPLEMENTATION_VERSION, version);
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(file), manifest)) {
            for (String type : classes) {
                jar.putNextEntry(new JarEntry(type + ".class"));
                jar.write(api.getBytes(StandardCharsets.ISO_8859_1));
            }
        }
        return file;
    }
}
