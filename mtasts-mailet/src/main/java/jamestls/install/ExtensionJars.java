package jamestls.install;

import jamestls.install.JamesServer.Flavour;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;

/**
 * The two jars of one version and flavour.
 *
 * @param mtasts the jar of SecureRemoteDelivery
 * @param tlsrpt the jar of TlsReporting
 */
record ExtensionJars(Jar mtasts, Jar tlsrpt) {

    /** The jars of this project, by file name, whatever their version. */
    private static final Pattern OURS = Pattern.compile("(mtasts|tlsrpt)-mailet-[0-9].*\\.jar");

    /**
     * One jar of this project.
     *
     * @param mailet the full class name of its mailet
     * @param version from its manifest, empty if that has none
     */
    record Jar(Path file, String mailet, Flavour flavour, String version) {

        boolean has(String className) {
            try (JarFile jar = new JarFile(file.toFile())) {
                return jar.getEntry(entry(className)) != null;
            } catch (IOException e) {
                return false;
            }
        }
    }

    private static final List<String> MAILETS = List.of(DeliveryTranslation.CLASS, ReportingSection.CLASS);

    /** Reads a file as one of our jars; empty if it is none. */
    static Optional<Jar> read(Path file) {
        try (JarFile jar = new JarFile(file.toFile())) {
            for (String mailet : MAILETS) {
                ZipEntry type = jar.getEntry(entry(mailet));
                if (type != null) {
                    try (InputStream in = jar.getInputStream(type)) {
                        // a class file has package names as plain text; those of the two flavours differ
                        boolean javax = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1).contains("javax/mail/");
                        String version = jar.getManifest() == null ? null
                            : jar.getManifest().getMainAttributes().getValue("Implementation-Version");
                        return Optional.of(new Jar(file, mailet, javax ? Flavour.JAVAX : Flavour.JAKARTA, version == null ? "" : version));
                    }
                }
            }
        } catch (IOException e) {
            // not a jar
        }
        return Optional.empty();
    }

    /**
     * The jar that this process runs from, and the other one in its directory, or where the build puts it.
     *
     * @return empty if this process does not run from a jar (tests)
     * @throws Refusal when the other one is missing, or of another flavour or version
     */
    static Optional<ExtensionJars> running() throws Refusal {
        try {
            Path own = Path.of(ExtensionJars.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            return Files.isRegularFile(own) ? Optional.of(beside(own)) : Optional.empty();
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }

    static ExtensionJars beside(Path own) throws Refusal {
        Jar mtasts = read(own).filter(jar -> jar.mailet.equals(DeliveryTranslation.CLASS))
            .orElseThrow(() -> new Refusal(own + " is not the jar of mtasts-mailet", "start it with java -jar mtasts-mailet-VERSION.jar"));
        String other = "tlsrpt-mailet-" + mtasts.version + mtasts.flavour.classifier() + ".jar";
        Path directory = own.toAbsolutePath().getParent();
        Jar tlsrpt = Stream.of(directory.resolve(other), directory.resolve("../../tlsrpt-mailet/target").resolve(other))
            .map(Path::normalize).map(ExtensionJars::read).flatMap(Optional::stream).findFirst()
            .orElseThrow(() -> new Refusal("there is no " + other + " beside " + own, "put it into the same directory"));
        if (tlsrpt.flavour != mtasts.flavour || !tlsrpt.version.equals(mtasts.version)) {
            throw new Refusal(tlsrpt.file + " does not belong to " + own, "use two jars of the same build");
        }
        return new ExtensionJars(mtasts, tlsrpt);
    }

    /** @throws Refusal when that James can't load them */
    void check(JamesServer server) throws Refusal {
        if (server.flavour() != mtasts.flavour) {
            throw new Refusal("this is James " + server.version() + ", and " + mtasts.file.getFileName() + " is for James "
                + (mtasts.flavour == Flavour.JAVAX ? "3.8" : "3.9 and newer"),
                "use mtasts-mailet-" + mtasts.version + server.flavour().classifier() + ".jar and tlsrpt-mailet-" + mtasts.version
                    + server.flavour().classifier() + ".jar");
        }
    }

    boolean have(String className) {
        return mtasts.has(className) || tlsrpt.has(className);
    }

    List<Jar> both() {
        return List.of(mtasts, tlsrpt);
    }

    /** Our jars in James's directory for extensions, sorted by name; none if the directory does not exist. */
    static List<Jar> in(Path extensions) throws IOException {
        if (!Files.isDirectory(extensions)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(extensions)) {
            return files.filter(file -> OURS.matcher(file.getFileName().toString()).matches()).sorted()
                .map(ExtensionJars::read).flatMap(Optional::stream).toList();
        }
    }

    private static String entry(String className) {
        return className.replace('.', '/') + ".class";
    }
}
