package jamestls.install;

import jamestls.config.JamesConf;
import jamestls.install.ExtensionJars.Jar;
import jamestls.install.Installation.Extension;
import jamestls.install.JamesServer.Flavour;
import jamestls.install.XmlSource.Element;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Finds mistakes in the configuration of a James with the two mailets. Only reads. */
public final class Doctor {

    private final JamesConf conf;
    private final Options options;
    private final List<Finding> findings = new ArrayList<>();

    private Doctor(Options options) {
        this.options = options;
        this.conf = JamesConf.at(options.conf);
    }

    /**
     * The options of the command. Optional ones are null if they are missing.
     *
     * @param extensions James's directory for extensions; default: extensions-jars beside conf
     * @param james version of James, or a directory with its libraries
     * @param online whether to query DNS
     * @param dns resolvers to query; default: those that James is configured with, else the system's
     */
    public record Options(Path conf, Path extensions, String james, boolean online, String dns) {
        public Options {
            conf = conf.toAbsolutePath().normalize();
        }
    }

    /** One group of checks. */
    @FunctionalInterface
    private interface Check {
        void run() throws IOException, Refusal;
    }

    /**
     * All findings, problems first.
     *
     * @throws Refusal when the directory does not exist
     */
    public static List<Finding> examine(Options options) throws IOException, Refusal {
        if (!Files.isDirectory(options.conf)) {
            throw new Refusal("there is no directory " + options.conf, "name the directory of James's configuration with --conf");
        }
        return new Doctor(options).examine();
    }

    private List<Finding> examine() throws Refusal {
        Optional<JamesServer> server = JamesServer.find(options.conf, options.james);
        List<Jar> jars = new ArrayList<>();
        guarded(() -> jars.addAll(jars(server)));
        Optional<Flavour> flavour = server.map(JamesServer::flavour).or(() -> jars.stream().map(Jar::flavour).findFirst());
        guarded(() -> {
            MailetContainer container = MailetContainer.read(options.conf);
            findings.addAll(new ContainerChecks(container, conf, flavour).findings());
            guarded(() -> findings.addAll(new ServerChecks(container, conf).findings()));
            if (options.online) {
                guarded(() -> findings.addAll(new OnlineChecks(container, conf, options.dns).findings()));
            }
        });
        guarded(this::checkLoggers);
        guarded(() -> checkExtensions(jars));
        return findings.stream().sorted((one, other) -> one.severity().compareTo(other.severity())).toList();
    }

    /** Runs one group of checks. A file that can't be read becomes a finding; the other groups still run. */
    private void guarded(Check check) {
        try {
            check.run();
        } catch (Refusal e) {
            findings.addAll(e.findings());
        } catch (IOException e) {
            findings.add(Finding.problem("can't be read: " + e.getMessage(), "make it readable for James and for the user who runs this"));
        }
    }

    private List<Jar> jars(Optional<JamesServer> server) throws IOException {
        Path directory = options.extensions != null ? options.extensions : options.conf.resolveSibling("extensions-jars");
        if (!Files.isDirectory(directory)) {
            findings.add(Finding.advice("there is no " + directory + ", so the jars were not checked", "name it with --extensions"));
            return List.of();
        }
        List<Jar> jars = ExtensionJars.in(directory);
        for (String mailet : List.of(DeliveryTranslation.CLASS, ReportingSection.CLASS)) {
            List<Jar> having = jars.stream().filter(jar -> jar.mailet().equals(mailet)).toList();
            String names = having.stream().map(jar -> jar.file().getFileName().toString()).collect(Collectors.joining(", "));
            if (having.isEmpty()) {
                findings.add(Finding.problem("no jar in " + directory + " has " + mailet, "copy it there, or run install --extensions"));
            } else if (having.size() > 1) {
                findings.add(Finding.problem("several jars have " + mailet + ": " + names, "keep the newest one only"));
            }
        }
        for (Jar jar : jars) {
            if (server.isPresent() && server.get().flavour() != jar.flavour()) {
                findings.add(Finding.problem("James " + server.get().version() + " can't load " + jar.file().getFileName()
                    + ", which is for "
                    + (jar.flavour() == Flavour.JAVAX ? "3.8" : "3.9 and newer"), "use the jar with"
                    + (jar.flavour() == Flavour.JAVAX ? "out -james38" : " -james38") + " in its name"));
            }
        }
        if (jars.stream().map(Jar::version).distinct().count() > 1 || jars.stream().map(Jar::flavour).distinct().count() > 1) {
            findings.add(Finding.problem("the jars in " + directory + " do not belong together: "
                + jars.stream().map(jar -> jar.file().getFileName().toString()).collect(Collectors.joining(", ")),
                "use two jars of the same release"));
        }
        return jars;
    }

    private void checkLoggers() throws IOException, Refusal {
        Path path = options.conf.resolve("logback.xml");
        if (!Files.isRegularFile(path)) {
            findings.add(Finding.advice("there is no logback.xml in " + options.conf, "set the logger jamestls to level INFO"));
            return;
        }
        ConfFile file = ConfFile.read(path);
        Element root = XmlSource.parse(file);
        if (!Loggers.logsInfo(root)) {
            int line = root.child("root").map(each -> file.line(each.start())).orElse(0);
            findings.add(Finding.problem(path, line, "deliveries and reports are not logged: the logger jamestls has no level INFO",
                "add <logger name=\"jamestls\" level=\"INFO\"/>"));
        }
    }

    private static String missing(Extension extension) {
        return switch (extension.property()) {
            case "additional.healthchecks" -> "James's health check does not include " + extension.className();
            case "extensions.routes" -> "webadmin does not have the routes of " + extension.className();
            default -> "James can't show our tasks, or move them to another server, without " + extension.className();
        };
    }

    /** Checks the classes that properties name: James does not start if one is in no jar, and does not use one that is not named. */
    private void checkExtensions(List<Jar> jars) throws IOException, Refusal {
        for (String property : Installation.EXTENSIONS.stream().map(each -> each.file() + " " + each.property()).distinct().toList()) {
            Path path = options.conf.resolve(property.substring(0, property.indexOf(' ')));
            String key = property.substring(property.indexOf(' ') + 1);
            PropertiesText text = new PropertiesText(Files.isRegularFile(path) ? ConfFile.read(path).text() : "");
            List<String> named = text.list(key);
            for (String type : named) {
                if (type.startsWith("jamestls.") && !jars.isEmpty() && jars.stream().noneMatch(jar -> jar.has(type))) {
                    findings.add(Finding.problem(path, text.line(key), type
                        + " is in none of the jars, so James does not start",
                        "remove it"));
                }
            }
            for (Extension extension : Installation.extensions(options.conf)) {
                if (path.getFileName().toString().equals(extension.file()) && !named.contains(extension.className())) {
                    findings.add(Finding.advice(path, text.line(key), missing(extension), "add it to " + key));
                }
            }
        }
    }
}
