package jamestls.install;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The James to which a configuration belongs, by the version of its libraries.
 *
 * @param version for example {@code 3.9.0}
 */
record JamesServer(String version) {

    private static final Pattern LIBRARY = Pattern.compile("(?:james-server-core|apache-mailet-api)-([0-9][^/]*)\\.jar");
    private static final Pattern VERSION = Pattern.compile("[0-9]+\\.[0-9]+.*");

    /** The two builds of our jars, by the package of the mail API that James uses. */
    enum Flavour {
        /** James 3.9 and newer. */
        JAKARTA(""),
        /** James 3.8. */
        JAVAX("-james38");

        private final String classifier;

        Flavour(String classifier) {
            this.classifier = classifier;
        }

        /** The end of the names of its jars, before {@code .jar}. */
        String classifier() {
            return classifier;
        }
    }

    /**
     * Looks beside the conf directory, where James's zip has {@code NAME.lib} and its image {@code libs}.
     *
     * @param named the option --james: a version, or a directory to search instead; may be null
     * @return empty if no library of James is found
     * @throws Refusal when the option is neither a version nor a directory with libraries
     */
    static Optional<JamesServer> find(Path conf, String named) throws Refusal {
        if (named != null && VERSION.matcher(named).matches() && !Files.isDirectory(Path.of(named))) {
            return Optional.of(new JamesServer(named));
        }
        Path home = named == null ? conf.toAbsolutePath().normalize().getParent() : Path.of(named);
        Optional<JamesServer> server = home == null ? Optional.empty() : in(home);
        if (named != null && server.isEmpty()) {
            throw new Refusal("--james " + named + " is neither a version nor a directory with the libraries of James",
                "write a version such as 3.9.0, or the directory that has libs/ or james-server-….lib/");
        }
        return server;
    }

    Flavour flavour() {
        return version.matches("(2|3\\.[0-8])([.-].*)?") ? Flavour.JAVAX : Flavour.JAKARTA;
    }

    private static Optional<JamesServer> in(Path home) {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(home, "{*.lib,lib,libs}")) {
            for (Path directory : entries) {
                try (Stream<Path> libraries = Files.list(directory)) {
                    List<String> versions = libraries.map(each -> LIBRARY.matcher(each.getFileName().toString()))
                        .filter(Matcher::matches).map(found -> found.group(1)).sorted().toList();
                    if (!versions.isEmpty()) {
                        return Optional.of(new JamesServer(versions.getFirst()));
                    }
                }
            }
        } catch (IOException e) {
            // the directory does not exist
        }
        return Optional.empty();
    }
}
