package jamestls.config;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** James's conf directory, as commands find and read it. */
public final class JamesConf {

    private static final String MAILET_CONTAINER = "mailetcontainer.xml";

    private final Path directory;
    private final Variables variables;

    private JamesConf(Path directory, Variables variables) {
        this.directory = directory.toAbsolutePath().normalize();
        this.variables = variables;
    }

    /** That directory, whether or not it is there. */
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

    /** @throws ConfigurationException when there is none, or it can't be read */
    public MailetContainerXml mailetContainer() throws ConfigurationException {
        return MailetContainerXml.read(directory.resolve(MAILET_CONTAINER), variables);
    }

    /**
     * The first mailet of that class.
     *
     * @throws ConfigurationException when there is none
     */
    public MailetContainerXml.Mailet mailet(String className) throws ConfigurationException {
        return mailetContainer().mailets(className).stream().findFirst().orElseThrow(() ->
            new ConfigurationException(directory.resolve(MAILET_CONTAINER) + " has no mailet of the class " + className));
    }

    /**
     * The DNS servers that dnsservice.xml names for James, as written there.
     *
     * @return empty if James asks those of the system
     * @throws ConfigurationException when the file is there and can't be read
     */
    public List<String> dnsServers() throws ConfigurationException {
        Path file = directory.resolve("dnsservice.xml");
        if (!Files.exists(file)) {
            return List.of();
        }
        List<String> servers = new ArrayList<>();
        List<String> autodiscover = new ArrayList<>();
        try (InputStream in = Files.newInputStream(file)) {
            MailetContainerXml.each(in, file.toString(), variables, (element, text) -> {
                switch (element.name()) {
                    case "server" -> servers.add(text);
                    case "autodiscover" -> autodiscover.add(text);
                    default -> {
                        // nothing about servers
                    }
                }
            });
        } catch (IOException e) {
            throw new ConfigurationException(file + " can't be read", e);
        }
        return autodiscover.contains("true") ? List.of() : List.copyOf(servers);
    }

    /**
     * The path of a location as James writes it: {@code file://conf/…} is in this directory, {@code file://var/…} and other
     * relative ones are beside it, {@code file:///…} is absolute. What has no {@code file:} is a path of the command line.
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
