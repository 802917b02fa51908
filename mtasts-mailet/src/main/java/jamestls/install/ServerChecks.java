package jamestls.install;

import jamestls.config.ConfigurationException;
import jamestls.config.JamesConf;
import jamestls.config.Variables;
import jamestls.install.MailetContainer.Mailet;
import jamestls.install.XmlSource.Element;
import jamestls.mtasts.publish.PolicyHostSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The doctor's checks of James's other files: keystores, JMAP, webadmin, the queue, the name in EHLO. */
final class ServerChecks {

    private static final List<String> SERVERS = List.of("smtpserver.xml", "imapserver.xml", "pop3server.xml", "lmtpserver.xml",
        "managesieveserver.xml");

    private static final String POLICY_HOST = "jamestls.mtasts.publish.PolicyHost";

    private final MailetContainer container;
    private final JamesConf conf;
    private final List<Finding> findings = new ArrayList<>();

    ServerChecks(MailetContainer container, JamesConf conf) {
        this.container = container;
        this.conf = conf;
    }

    List<Finding> findings() throws IOException, Refusal {
        keystores();
        jmap();
        webadmin();
        queue();
        heloName();
        policyHost();
        return findings;
    }

    /** A password of a keystore, and the line that has it. */
    private record Secret(Path file, int line, String password) {
    }

    private void policyHost() throws IOException, Refusal {
        Path file = conf.directory().resolve(PolicyHostSettings.FILE);
        try {
            boolean isOn = PolicyHostSettings.read(conf::locate).isPresent();
            if (isOn && properties("extensions.properties").filter(extensions ->
                    extensions.list("guice.extension.startable").contains(POLICY_HOST)).isEmpty()) {
                findings.add(Finding.advice(file, 0, "the policy host is enabled, and James does not start it",
                    "add " + POLICY_HOST + " to guice.extension.startable in extensions.properties"));
            }
        } catch (ConfigurationException e) {
            findings.add(Finding.problem(file, 0, e.getMessage(), "mend it: James does not start with it"));
        }
    }

    private void keystores() throws IOException, Refusal {
        Map<Path, List<Secret>> secrets = new LinkedHashMap<>();
        for (String name : SERVERS) {
            Path path = conf.directory().resolve(name);
            if (Files.isRegularFile(path)) {
                ConfFile file = ConfFile.read(path);
                Element root = XmlSource.parse(file);
                List<Element> servers = new ArrayList<>(root.children());
                servers.add(root);
                servers.forEach(server -> secret(file, server, secrets));
            }
        }
        Optional<PropertiesText> jmap = properties("jmap.properties");
        if (jmap.isPresent() && isOn(jmap.get(), "enabled")) {
            jmap.get().first("tls.keystoreURL").ifPresent(keystore -> jmap.get().first("tls.secret").ifPresent(secret ->
                secrets.computeIfAbsent(conf.locate(filled(keystore)), key -> new ArrayList<>())
                    .add(new Secret(conf.directory().resolve("jmap.properties"), jmap.get().line("tls.secret"), filled(secret)))));
        }
        secrets.forEach(this::compare);
    }

    private void secret(ConfFile file, Element server, Map<Path, List<Secret>> secrets) {
        Optional<Element> tls = server.child("tls")
            .filter(each -> each.attribute("socketTLS").equals("true") || each.attribute("startTLS").equals("true"));
        if (!server.attribute("enabled").equals("false") && tls.isPresent()) {
            Optional<Element> secret = tls.get().child("secret");
            Optional<Element> keystore = tls.get().child("keystore");
            if (secret.isPresent() && keystore.isPresent()) {
                secrets.computeIfAbsent(conf.locate(filled(keystore.get().value())), key -> new ArrayList<>())
                    .add(new Secret(file.path(), file.line(secret.get().start()), filled(secret.get().value())));
            }
        }
    }

    private void compare(Path keystore, List<Secret> secrets) {
        Secret first = secrets.getFirst();
        for (Secret other : secrets) {
            if (!other.password.equals(first.password)) {
                findings.add(Finding.problem(other.file, other.line, "the password of " + keystore + " differs from the one in "
                    + first.file.getFileName() + ":" + first.line + ", so James does not start", "write the same one in both"));
            } else if (Files.isReadable(keystore) && !opens(keystore, other.password)) {
                findings.add(Finding.problem(other.file, other.line, "the password does not open " + keystore
                    + ", so James does not start",
                    "write the password that the keystore was created with"));
            }
        }
    }

    private static boolean opens(Path keystore, String password) {
        try {
            KeyStore.getInstance(keystore.toFile(), password.toCharArray());
            return true;
        } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
            return false;
        }
    }

    /** James's own check at start: both mailets are in transport for local recipients, or in local-delivery for all. */
    private void jmap() throws IOException, Refusal {
        boolean unchecked = properties("jvm.properties").flatMap(jvm -> jvm.first("james.mailet.container.check.enabled"))
            .filter("false"::equals).isPresent();
        if (unchecked || properties("jmap.properties").filter(jmap -> isOn(jmap, "enabled")).isEmpty()) {
            return;
        }
        for (String name : List.of("VacationMailet", "JMAPFiltering")) {
            boolean there = container.mailets(name).stream().anyMatch(mailet ->
                mailet.state().equals("transport") && mailet.element().attribute("match").equals("RecipientIsLocal")
                    || mailet.state().equals("local-delivery") && mailet.takesAll());
            if (!there) {
                findings.add(Finding.problem(container.file().path(), container.processor("transport").map(container::line).orElse(0),
                    "JMAP is on and " + name + " is missing, so James does not start",
                    "add it to 'transport' with match=\"RecipientIsLocal\", or write enabled=false in jmap.properties"));
            }
        }
    }

    /** Up to 3.9 James allows every origin unless cors.origin names one, whatever cors.enable says. */
    private void webadmin() throws IOException, Refusal {
        Path path = conf.directory().resolve("webadmin.properties");
        Optional<PropertiesText> webadmin = properties("webadmin.properties").filter(each -> isOn(each, "enabled"));
        if (webadmin.isEmpty() || !webadmin.get().first("cors.origin").filter(each -> !each.isEmpty()).orElse("*").equals("*")) {
            return;
        }
        String remedy = "write cors.origin=http://127.0.0.1:" + webadmin.get().first("port").orElse("8000") + ", or a password";
        boolean open = !isOn(webadmin.get(), "jwt.enabled") && webadmin.get().first("password").filter(each -> !each.isEmpty()).isEmpty();
        if (webadmin.get().first("cors.enable").filter("false"::equals).isPresent()) {
            findings.add(Finding.problem(path, webadmin.get().line("cors.enable"),
                "cors.enable=false has no effect: any web site in the operator's browser may use webadmin", remedy));
        } else if (open) {
            findings.add(Finding.advice(path, webadmin.get().line("enabled"),
                "webadmin asks for no password, and any web site in the operator's browser may use it", remedy));
        }
    }

    private void queue() throws IOException, Refusal {
        Optional<String> choice = properties("queue.properties").flatMap(queue -> queue.first("mail.queue.choice"));
        boolean rabbit = choice.map(each -> each.equalsIgnoreCase("RABBITMQ"))
            .orElse(Files.exists(conf.directory().resolve("rabbitmq.properties")));
        if (!rabbit) {
            return;
        }
        for (Mailet delivery : container.deliveries()) {
            String database = delivery.parameter("database").orElse("");
            boolean waitsInQueue = delivery.parameter("waiting").filter("queue"::equals).isPresent();
            boolean delayed = delivery.parameter("delayTime").isPresent();
            boolean retries = delayed || !delivery.parameter("maxRetries").orElse("5").equals("0");
            // a variable may hold the location
            if (retries && (waitsInQueue || !(database.startsWith("jdbc:postgresql:") || database.startsWith("${")))) {
                Element at = delivery.element().child(waitsInQueue ? "waiting" : delayed ? "delayTime" : "maxRetries")
                    .orElse(delivery.element());
                findings.add(Finding.problem(container.file().path(), container.line(at),
                    "RabbitMQ's queue ignores delays, so retries do not wait as delayTime says",
                    waitsInQueue ? "delete waiting" : "set database to a PostgreSQL, so that mail can wait outside of the queue"));
            }
        }
        quorumQueues();
    }

    /** A broker with a delivery limit moves mails that were returned too often to the dead letter queue, where nobody looks. */
    private void quorumQueues() throws IOException, Refusal {
        Path path = conf.directory().resolve("rabbitmq.properties");
        Optional<PropertiesText> rabbit = properties("rabbitmq.properties").filter(each -> isOn(each, "quorum.queues.enable"));
        if (rabbit.isEmpty()) {
            return;
        }
        String limit = "quorum.queues.delivery.limit";
        String consequence =
            "a mail that was returned as often, by servers that stopped or lost their database, goes to the dead letter queue";
        String remedy = "let RabbitMQ have no limit for JamesMailQueue-workqueue-* (a policy with delivery-limit -1), or watch "
            + "JamesMailQueue-dead-letter-queue-*";
        Optional<String> told = rabbit.get().first(limit).filter(each -> !each.isEmpty());
        if (told.isPresent()) {
            findings.add(Finding.problem(path, rabbit.get().line(limit),
                "quorum queues have a delivery limit of " + told.get() + ": " + consequence, remedy));
        } else {
            findings.add(Finding.advice(path, rabbit.get().line("quorum.queues.enable"),
                "quorum queues have a delivery limit of 20 from RabbitMQ 4 on: " + consequence, remedy));
        }
    }

    private void heloName() throws IOException, Refusal {
        Path path = conf.directory().resolve("domainlist.xml");
        if (!Files.isRegularFile(path)) {
            return;
        }
        ConfFile file = ConfFile.read(path);
        Optional<Element> domain = XmlSource.parse(file).child("defaultDomain").filter(each -> !filled(each.value()).contains("."));
        if (domain.isEmpty()) {
            return;
        }
        for (Mailet delivery : container.deliveries()) {
            Optional<String> name = delivery.parameter("heloName").or(() -> delivery.parameter("mail.smtp.localhost"))
                .map(ServerChecks::filled);
            if (name.isEmpty()) {
                findings.add(Finding.problem(container.file().path(), container.line(delivery.element()),
                    "EHLO will use the host name of this machine, "
                    + "because the default domain '" + filled(domain.get().value()) + "' (domainlist.xml:"
                    + file.line(domain.get().start()) + ") has no dot; many servers refuse a name that is not in DNS",
                    "run install --helo NAME, or add <heloName>"));
            } else if (!name.get().contains(".") && !name.get().startsWith("[")) {
                findings.add(Finding.problem(container.file().path(), container.line(delivery.element()), "EHLO uses '" + name.get()
                    + "', which has no dot; many servers refuse that", "write the name that this server has in DNS"));
            }
        }
    }

    private Optional<PropertiesText> properties(String name) throws IOException, Refusal {
        Path path = conf.directory().resolve(name);
        return Files.isRegularFile(path) ? Optional.of(new PropertiesText(ConfFile.read(path).text())) : Optional.empty();
    }

    private static boolean isOn(PropertiesText properties, String key) {
        return properties.first(key).filter("true"::equalsIgnoreCase).isPresent();
    }

    private static String filled(String value) {
        return Variables.ofProcess().filledIn(value);
    }
}
