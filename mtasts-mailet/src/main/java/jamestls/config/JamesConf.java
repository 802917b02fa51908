package jamestls.config;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Reads James's conf directory for commands. */
public final class JamesConf {

    private static final String MAILET_CONTAINER = "mailetcontainer.xml";

    private final Path directory;
    private final Variables variables;

    private JamesConf(Path directory, Variables variables) {
        this.directory = directory.toAbsolutePath().normalize();
        this.variables = variables;
    }

    /** The directory at that path, which may be missing. */
    public static JamesConf at(Path directory) {
        return at(directory, Variables.ofProcess());
    }

    static JamesConf at(Path directory, Variables variables) {
        return new JamesConf(directory, variables);
    }

    /** {@code conf} or {@code ../conf}, whichever has a mailetcontainer.xml. */
    public static Optional<JamesConf> find() {
        return Stream.of(Path.of("conf"), Path.of("..", "conf")).filter(each -> Files.exists(each.resolve(MAILET_CONTAINER)))
            .findFirst().map(JamesConf::at);
    }

    public Path directory() {
        return directory;
    }

    /** @throws ConfigurationException if the file is missing or can't be read */
    public MailetContainerXml mailetContainer() throws ConfigurationException {
        return MailetContainerXml.read(directory.resolve(MAILET_CONTAINER), variables);
    }

    /**
     * The first mailet of that class.
     *
     * @throws ConfigurationException if there is none
     */
    public MailetContainerXml.Mailet mailet(String className) throws ConfigurationException {
        return mailetContainer().mailets(className).stream().findFirst().orElseThrow(() ->
            new ConfigurationException(directory.resolve(MAILET_CONTAINER) + " has no mailet of the class " + className));
    }

    /**
     * The DNS servers that dnsservice.xml names for James, as written there.
     *
     * @return empty if James uses the servers of the system
     * @throws ConfigurationException if the file can't be read
     */
    public List<String> dnsServers() throws ConfigurationException {
        Map<String, List<String>> texts = texts("dnsservice.xml", Set.of("server", "autodiscover"));
        return texts.getOrDefault("autodiscover", List.of()).contains("true") ? List.of() : texts.getOrDefault("server", List.of());
    }

    /**
     * The default domain that domainlist.xml names for James.
     *
     * @return empty if the file is missing or names none
     * @throws ConfigurationException if the file can't be read
     */
    public Optional<String> defaultDomain() throws ConfigurationException {
        return texts("domainlist.xml", Set.of("defaultDomain")).getOrDefault("defaultDomain", List.of()).stream()
            .filter(text -> !text.isEmpty()).findFirst();
    }

    /** The texts of all elements of these names in a file, which may be missing. */
    private Map<String, List<String>> texts(String name, Set<String> elements) throws ConfigurationException {
        Path file = directory.resolve(name);
        Map<String, List<String>> texts = new HashMap<>();
        if (!Files.exists(file)) {
            return texts;
        }
        try (InputStream in = Files.newInputStream(file)) {
            MailetContainerXml.each(in, file.toString(), variables, (element, text) -> {
                if (elements.contains(element.name())) {
                    texts.computeIfAbsent(element.name(), first -> new ArrayList<>()).add(text);
                }
            });
        } catch (IOException e) {
            throw new ConfigurationException(file + " can't be read", e);
        }
        return texts;
    }

    /**
     * The path of a location in James's syntax: {@code file://conf/…} is in this directory, {@code file://var/…} and other relative
     * ones are beside it, {@code file:///…} is absolute. A text without {@code file:} is a path relative to the working directory.
     */
    public Path locate(String location) {
        if (!location.startsWith("file:")) {
            return Path.of(location);
        }
        if (location.startsWith("file:///")) {
            return Path.of(URI.create(location));
        }
        String path = location.replaceFirst("^file:(//)?", "");
        if (path.startsWith("conf/")) {
            return directory.resolve(path.substring("conf/".length()));
        }
        return path.startsWith("/") ? Path.of(path) : directory.resolveSibling(path);
    }
}
