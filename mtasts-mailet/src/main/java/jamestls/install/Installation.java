package jamestls.install;

import jamestls.config.JamesConf;
import jamestls.install.ExtensionJars.Jar;
import jamestls.install.JamesServer.Flavour;
import jamestls.install.MailetContainer.Mailet;
import jamestls.install.ReportingSection.Reporter;
import jamestls.install.XmlSource.Element;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Plans the changes that add both mailets to the configuration of a James. Changes as little as possible. */
public final class Installation {

    private static final String WEBADMIN = "webadmin.properties";

    /** The classes besides mailets that James can load from our jars. It does not start if a named class is missing. */
    static final List<Extension> EXTENSIONS = List.of(
        new Extension("healthcheck.properties", "additional.healthchecks", "jamestls.mtasts.DeliveryHealthCheck"),
        new Extension("healthcheck.properties", "additional.healthchecks", "jamestls.tlsrpt.ReportingHealthCheck"),
        new Extension(WEBADMIN, "extensions.routes", "jamestls.mtasts.web.DomainRoutes"),
        new Extension(WEBADMIN, "extensions.routes", "jamestls.mtasts.web.PolicyRoutes"),
        new Extension(WEBADMIN, "extensions.routes", "jamestls.mtasts.web.HeldRoutes"),
        new Extension(WEBADMIN, "extensions.routes", "jamestls.mtasts.web.ExplainRoutes"),
        new Extension(WEBADMIN, "extensions.routes", "jamestls.web.PageRoutes"),
        new Extension(WEBADMIN, "extensions.routes", "jamestls.web.PageLinkRoutes"),
        new Extension(WEBADMIN, "extensions.routes", "jamestls.tlsrpt.web.ReportRoutes"),
        new Extension("extensions.properties", "guice.extension.task", "jamestls.tlsrpt.web.SendReportsTaskModule"));

    static final Pattern ADDRESS = Pattern.compile("[A-Za-z0-9.!#%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+");
    static final Pattern HOST = Pattern.compile("[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+");

    private final Options options;
    private final Optional<ExtensionJars> jars;
    private final Plan plan;

    private Installation(Options options, Optional<ExtensionJars> jars) {
        this.options = options;
        this.jars = jars;
        this.plan = new Plan(options.conf);
    }

    /** A class of ours that a property of James names. */
    record Extension(String file, String property, String className) {
    }

    /** The extensions that this configuration can use: routes only if webadmin is enabled. */
    static List<Extension> extensions(Path conf) throws IOException, Refusal {
        Path webadmin = conf.resolve(WEBADMIN);
        boolean on = Files.isRegularFile(webadmin)
            && new PropertiesText(ConfFile.read(webadmin).text()).first("enabled").filter("true"::equalsIgnoreCase).isPresent();
        return EXTENSIONS.stream().filter(each -> on || !each.file.equals(WEBADMIN)).toList();
    }

    /**
     * The options of the command. Optional ones are null if they are missing.
     *
     * @param conf James's conf directory
     * @param reports the options for the reports
     * @param helo the name in EHLO
     * @param james the version of James, or a directory with its libraries
     * @param extensions James's directory for extensions; default: extensions-jars beside conf, if it exists
     */
    public record Options(Path conf, Reports reports, String helo, String james, Path extensions) {
        public Options {
            conf = conf.toAbsolutePath().normalize();
        }
    }

    /**
     * The options for the reports. Optional ones are null if they are missing.
     *
     * @param organization the name of the reporting organization; optional if there is a TlsReporting
     * @param contact the mail address for questions about reports; likewise
     * @param from the author of the report mails; default: {@code tlsrpt} in the domain of the contact
     * @param administrators the users who may request reports by mail; empty for the contact
     * @param processor the processor that sends the report mails, if there are several
     * @param received the options for reports that come in
     */
    public record Reports(String organization, String contact, String from, List<String> administrators, String processor,
                          Received received) {
        public Reports {
            administrators = List.copyOf(administrators);
        }

        /** Without reports that come in. */
        Reports(String organization, String contact, String from, List<String> administrators, String processor) {
            this(organization, contact, from, administrators, processor, new Received(null, List.of()));
        }
    }

    /**
     * The options for reports that come in.
     *
     * @param address to which others send them; null if they are not to be read
     * @param domains the domains whose reports are counted; empty for the domain of the address
     */
    public record Received(String address, List<String> domains) {
        public Received {
            domains = List.copyOf(domains);
        }
    }

    /**
     * Plans the installation. Writes nothing.
     *
     * @throws Refusal when the configuration is not understood, or an option does not fit; names every reason
     */
    public static Plan plan(Options options) throws IOException, Refusal {
        return plan(options, ExtensionJars.running());
    }

    static Plan plan(Options options, Optional<ExtensionJars> jars) throws IOException, Refusal {
        return new Installation(options, jars).plan();
    }

    private Plan plan() throws IOException, Refusal {
        MailetContainer container = MailetContainer.read(options.conf);
        Flavour flavour = flavour();
        TextEdits edits = new TextEdits(container.file().text());
        deliveries(container, edits);
        // before TlsReporting, so that it stands first
        new InboxSection(container, edits, plan).add(options.reports.received, options.reports.administrators);
        if (container.mailets("TlsReporting").isEmpty()) {
            new ReportingSection(container, reporter(), flavour, edits, plan).add(reportsBy(container));
        }
        reportingValues(container, container.mailets("TlsReporting"));
        if (!edits.isEmpty()) {
            String changed = edits.apply();
            verify(container, changed);
            plan.change(Plan.Change.text(container.file(), changed));
        }
        loggers();
        extensions();
        jars();
        return plan;
    }

    private Flavour flavour() throws Refusal {
        Optional<JamesServer> server = JamesServer.find(options.conf, options.james);
        if (server.isPresent()) {
            if (jars.isPresent()) {
                jars.get().check(server.get());
            }
            plan.step("James " + server.get().version());
            return server.get().flavour();
        }
        Flavour flavour = jars.map(each -> each.mtasts().flavour()).orElse(Flavour.JAKARTA);
        plan.step("assuming James " + (flavour == Flavour.JAVAX ? "3.8" : "3.9 or newer")
            + ", for which this jar is made: no library of James was found beside " + options.conf + "; name it with --james");
        return flavour;
    }

    private void deliveries(MailetContainer container, TextEdits edits) throws Refusal {
        List<Mailet> deliveries = container.deliveries();
        if (deliveries.isEmpty()) {
            throw new Refusal(container.file().path(), 0, "has no RemoteDelivery",
                "put <mailet match=\"All\" class=\"" + DeliveryTranslation.CLASS + "\"/> where mail shall leave James, and run this again");
        }
        List<Finding> problems = new ArrayList<>(container.sharedQueues());
        List<String> steps = new ArrayList<>();
        DelayNoticeSection delays = new DelayNoticeSection(container, edits, plan);
        for (Mailet delivery : deliveries) {
            List<String> added = new ArrayList<>();
            helo(container, delivery.element(), edits).ifPresent(added::add);
            if (delivery.is("RemoteDelivery")) {
                problems.addAll(DeliveryTranslation.translate(container.file(), delivery.element(), edits, steps));
                delays.add(delivery).ifPresent(added::add);
            }
            add(container, delivery.element(), added, edits);
        }
        problems.addAll(values(container, deliveries, edits));
        if (!problems.isEmpty()) {
            throw new Refusal(problems);
        }
        steps.forEach(plan::step);
    }

    /** Values of the deliveries, after their translation, with which James would not start. */
    private List<Finding> values(MailetContainer container, List<Mailet> deliveries, TextEdits edits) throws Refusal {
        ParameterChecks checks = new ParameterChecks(container, JamesConf.at(options.conf));
        List<Mailet> changed = MailetContainer.of(ConfFile.of(container.file().path(), container.file().encoded(edits.apply())))
            .deliveries();
        List<Finding> problems = new ArrayList<>();
        for (int i = 0; i < deliveries.size(); i++) {
            problems.addAll(checks.delivery(changed.get(i), deliveries.get(i)));
        }
        return problems;
    }

    /** The same for TlsReporting. Checks nothing if its jar is missing. */
    private void reportingValues(MailetContainer container, List<Mailet> reporting) throws Refusal {
        ParameterChecks checks = new ParameterChecks(container, JamesConf.at(options.conf));
        List<Finding> problems = reporting.stream().flatMap(each -> checks.reporting(each).stream())
            .filter(finding -> finding.severity() == Finding.Severity.PROBLEM).toList();
        if (!problems.isEmpty()) {
            throw new Refusal(problems);
        }
    }

    /** @return the parameter to add; empty if the delivery has it, or --helo is not given */
    private Optional<String> helo(MailetContainer container, Element delivery, TextEdits edits) throws Refusal {
        if (options.helo == null) {
            return Optional.empty();
        }
        if (!HOST.matcher(options.helo).matches()) {
            throw new Refusal("--helo " + options.helo + " is no host name with a dot", "write the name that this server has in DNS");
        }
        Optional<Element> there = delivery.child("heloName");
        String element = "<heloName>" + options.helo + "</heloName>";
        if (there.isPresent()) {
            if (!there.get().value().equals(options.helo)) {
                edits.replace(there.get().start(), there.get().end(), element);
                plan.step(step(container, there.get(), "heloName becomes " + options.helo));
            }
            return Optional.empty();
        }
        plan.step(step(container, delivery, "heloName is " + options.helo));
        return Optional.of(element);
    }

    /** Adds parameters to a mailet, before its other parameters. */
    private static void add(MailetContainer container, Element mailet, List<String> parameters, TextEdits edits) {
        if (parameters.isEmpty()) {
            return;
        }
        String newLine = container.file().newLine();
        if (mailet.isEmptyTag()) {
            int slash = container.file().text().lastIndexOf('/', mailet.end());
            String indent = container.indentation(mailet);
            String inner = newLine + indent + "    ";
            edits.replace(slash, mailet.end(), ">" + inner + String.join(inner, parameters) + newLine + indent + "</mailet>");
        } else {
            // on separate lines if the first parameter is on a separate line
            boolean own = !mailet.children().isEmpty()
                && container.file().text().substring(mailet.openEnd(), mailet.children().getFirst().start()).contains("\n");
            String before = own ? newLine + container.indentation(mailet.children().getFirst()) : "";
            edits.insert(mailet.openEnd(), before + String.join(before, parameters));
        }
    }

    private static String step(MailetContainer container, Element element, String what) {
        return container.file().path().getFileName() + ":" + container.line(element) + ": " + what;
    }

    private Reporter reporter() throws Refusal {
        Reports given = options.reports;
        if (given.organization == null || given.contact == null || given.organization.isBlank()) {
            throw new Refusal("there is no TlsReporting yet, and reports need a name and an address",
                "add --organization \"Example Org\" --contact postmaster@example.org");
        }
        String from = given.from != null ? given.from : "tlsrpt@" + given.contact.substring(given.contact.lastIndexOf('@') + 1);
        List<String> administrators = given.administrators.isEmpty() ? List.of(given.contact) : given.administrators;
        List<String> addresses = new ArrayList<>(List.of(given.contact, from));
        addresses.addAll(administrators);
        for (String address : addresses) {
            if (!ADDRESS.matcher(address).matches()) {
                throw new Refusal("'" + address + "' is no mail address with a full domain", "write one such as postmaster@example.org");
            }
        }
        Reporter reporter = new Reporter(given.organization, given.contact, from, administrators);
        if (!from.toLowerCase(Locale.ROOT).endsWith("@" + reporter.domain())) {
            throw new Refusal("--from " + from + " is not in the domain of the contact " + options.reports.contact,
                "write an address in " + reporter.domain() + ": one signature must cover both (RFC 8460 section 5.3)");
        }
        return reporter;
    }

    /** The processor whose delivery takes all mail. Others would drop report mails, or reject them as relaying. */
    private Element reportsBy(MailetContainer container) throws Refusal {
        List<Mailet> candidates = container.deliveries().stream()
            .filter(each -> each.takesAll() && !each.state().equals("transport") && !each.state().equals("root")).toList();
        if (options.reports.processor != null) {
            return candidates.stream().filter(each -> each.state().equals(options.reports.processor.toLowerCase(Locale.ROOT))).findFirst()
                .map(Mailet::processor).orElseThrow(() -> new Refusal("--reports-by " + options.reports.processor
                    + " is not a processor that has a delivery with match=\"All\"", "name one that has it"));
        }
        List<Element> processors = candidates.stream().map(Mailet::processor).distinct().toList();
        if (processors.size() == 1) {
            return processors.getFirst();
        }
        Optional<Element> relay = processors.stream().filter(each -> MailetContainer.state(each).equals("relay")).findFirst();
        if (relay.isPresent()) {
            return relay.get();
        }
        List<Element> direct = candidates.stream().filter(each -> each.parameter("gateway").isEmpty()).map(Mailet::processor).distinct()
            .toList();
        if (direct.size() == 1) {
            return direct.getFirst();
        }
        int line = container.line(container.deliveries().getFirst().element());
        if (processors.isEmpty()) {
            throw new Refusal(container.file().path(), line, "no processor but transport and root has a delivery with match=\"All\", "
                + "to which report mails could be sent", "move the delivery to a processor 'relay', and send mail there with "
                + "<mailet match=\"...\" class=\"ToProcessor\"><processor>relay</processor></mailet>");
        }
        throw new Refusal(container.file().path(), line, "several processors could send the report mails: "
            + String.join(", ", processors.stream().map(MailetContainer::state).toList()), "name one of them with --reports-by");
    }

    /** Checks that the result is XML and still has all processors and mailets in their order. */
    private void verify(MailetContainer container, String changed) throws Refusal {
        MailetContainer after = MailetContainer.of(ConfFile.of(container.file().path(), container.file().encoded(changed)));
        if (container.mailets("TlsReporting").isEmpty()) {
            reportingValues(after, after.mailets("TlsReporting"));
        }
        List<String> expected = container.mailets().stream().map(each -> each.state() + " " + each.element().attribute("match")).toList();
        List<String> left = new ArrayList<>(after.mailets().stream()
            .map(each -> each.state() + " " + each.element().attribute("match")).toList());
        int index = 0;
        for (String mailet : left) {
            if (index < expected.size() && mailet.equals(expected.get(index))) {
                index++;
            }
        }
        if (index < expected.size() || after.mailets("RemoteDelivery").size() > 0) {
            throw new Refusal(container.file().path(), 0, "can't be edited safely: the planned edit would change other mailets",
                "make the changes by hand; docs/install.md lists them");
        }
    }

    private void loggers() throws IOException, Refusal {
        Path path = options.conf.resolve("logback.xml");
        if (!Files.isRegularFile(path)) {
            plan.afterwards("There is no logback.xml in " + options.conf
                + ": set the logger jamestls to level INFO where logging is configured.");
            return;
        }
        ConfFile file = ConfFile.read(path);
        Optional<String> changed = Loggers.added(file);
        if (changed.isPresent()) {
            plan.change(Plan.Change.text(file, changed.get()));
            plan.step("logback.xml: deliveries and reports are logged (logger jamestls, level INFO)");
        }
    }

    private void extensions() throws IOException, Refusal {
        List<Extension> wanted = extensions(options.conf).stream()
            .filter(each -> jars.isEmpty() || jars.get().have(each.className)).toList();
        for (String name : wanted.stream().map(Extension::file).distinct().toList()) {
            extensions(options.conf.resolve(name), wanted.stream().filter(each -> each.file.equals(name)).toList());
        }
    }

    /** Adds the extensions of one file. */
    private void extensions(Path path, List<Extension> added) throws IOException, Refusal {
        Optional<ConfFile> file = Files.isRegularFile(path) ? Optional.of(ConfFile.read(path)) : Optional.empty();
        String before = file.map(ConfFile::text).orElse("");
        String after = before;
        for (Extension extension : added) {
            after = new PropertiesText(after).with(extension.property, List.of(extension.className),
                file.map(ConfFile::newLine).orElse("\n"));
        }
        if (!after.equals(before)) {
            plan.change(file.isPresent() ? Plan.Change.text(file.get(), after) : Plan.Change.newText(path, after));
            plan.step(path.getFileName() + ": " + String.join(", ", added.stream().map(Extension::className).toList()));
        }
    }

    private void jars() throws IOException, Refusal {
        Path directory = options.extensions != null ? options.extensions.toAbsolutePath().normalize()
            : options.conf.resolveSibling("extensions-jars");
        if (jars.isEmpty() || options.extensions == null && !Files.isDirectory(directory)) {
            plan.afterwards("Copy both jars into James's extensions-jars, or run install with --extensions DIR.");
            return;
        }
        List<Path> wanted = jars.get().both().stream().map(jar -> directory.resolve(jar.file().getFileName())).toList();
        for (Jar there : ExtensionJars.in(directory)) {
            if (!wanted.contains(there.file())) {
                plan.change(new Plan.Change(Plan.Change.Kind.JAR, there.file(),
                    Optional.of(Files.readAllBytes(there.file())), Optional.empty()));
            }
        }
        for (Jar jar : jars.get().both()) {
            Path target = directory.resolve(jar.file().getFileName());
            byte[] bytes = Files.readAllBytes(jar.file());
            Optional<byte[]> before = Files.exists(target) ? Optional.of(Files.readAllBytes(target)) : Optional.empty();
            if (before.isEmpty() || !Arrays.equals(before.get(), bytes)) {
                plan.change(new Plan.Change(Plan.Change.Kind.JAR, target, before, Optional.of(bytes)));
            }
        }
    }
}
