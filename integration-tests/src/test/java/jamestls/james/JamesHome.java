package jamestls.james;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * An unpacked James server: {@code NAME.jar} with a main class in its manifest, and its libraries in {@code NAME.lib/}
 * beside it, as the zip of the memory server has them. What else lies there (conf/, extensions-jars/) is not used.
 *
 * @param app the server's jar
 * @param libraries the directory of its libraries
 * @param mainClass from the manifest
 * @param version from the manifest, for example {@code 3.8.1}
 */
public record JamesHome(Path app, Path libraries, String mainClass, String version) {

    private static final Pattern APP = Pattern.compile("(james-server-.*-app|james-.*)\\.jar");
    private static final Pattern CORE = Pattern.compile("james-server-core-([0-9].*)\\.jar");

    /** The server that the build names: {@code -Djames.home=DIR}. */
    public static JamesHome configured() {
        return of(Path.of(BuildPaths.required("james.home")));
    }

    /** @throws IllegalArgumentException when no server is there; the message says what was expected */
    public static JamesHome of(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            Path app = files.filter(file -> APP.matcher(file.getFileName().toString()).matches())
                .filter(file -> Files.isDirectory(librariesOf(file)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no James server in " + directory
                    + ": expected james-server-memory-app.jar and, beside it, james-server-memory-app.lib/ with its libraries"));
            return read(app);
        } catch (IOException e) {
            throw new IllegalArgumentException("no James server in " + directory + ": " + e, e);
        }
    }

    /** Which of the two flavours of our jars this server can load. */
    public Flavour flavour() {
        return version.matches("3\\.[0-8](\\..*|-.*)?") ? Flavour.JAVAX : Flavour.JAKARTA;
    }

    /** The jars that the server's manifest puts on its class path, by file name. */
    public List<String> manifestClassPath() {
        try (JarFile jar = new JarFile(app.toFile())) {
            return Stream.of(jar.getManifest().getMainAttributes().getValue("Class-Path").split(" "))
                .map(entry -> Path.of(entry).getFileName().toString())
                .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JamesHome read(Path app) throws IOException {
        try (JarFile jar = new JarFile(app.toFile()); Stream<Path> libraries = Files.list(librariesOf(app))) {
            var attributes = jar.getManifest().getMainAttributes();
            String version = attributes.getValue("Implementation-Version");
            if (version == null) {
                version = libraries.map(file -> CORE.matcher(file.getFileName().toString()))
                    .filter(Matcher::matches).map(core -> core.group(1)).findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(app + " does not say which version of James it is"));
            }
            return new JamesHome(app.toAbsolutePath(), librariesOf(app).toAbsolutePath(), attributes.getValue("Main-Class"), version);
        }
    }

    private static Path librariesOf(Path app) {
        return app.resolveSibling(app.getFileName().toString().replaceAll("\\.jar$", ".lib"));
    }
}
