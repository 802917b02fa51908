package jamestls.install;

import jamestls.config.JamesConf;
import jamestls.config.Variables;
import jamestls.install.JamesServer.Flavour;
import jamestls.install.MailetContainer.Mailet;
import jamestls.install.XmlSource.Element;
import jamestls.mtasts.OutboundSettings;
import jamestls.storage.DatabaseAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The doctor's checks of mailetcontainer.xml and the files it names. */
final class ContainerChecks {

    private final MailetContainer container;
    private final JamesConf conf;
    private final Optional<Flavour> flavour;
    private final List<Finding> findings = new ArrayList<>();

    ContainerChecks(MailetContainer container, JamesConf conf, Optional<Flavour> flavour) {
        this.container = container;
        this.conf = conf;
        this.flavour = flavour;
    }

    List<Finding> findings() throws IOException {
        for (Mailet stock : container.mailets("RemoteDelivery")) {
            problem(stock.element(), "RemoteDelivery sends mail without MTA-STS and DANE",
                "run install, which makes it a " + DeliveryTranslation.CLASS);
        }
        List<Mailet> deliveries = container.mailets("SecureRemoteDelivery");
        if (deliveries.isEmpty() && container.mailets("RemoteDelivery").isEmpty()) {
            findings.add(Finding.problem(container.file().path(), 0, "has no SecureRemoteDelivery", "run install"));
        }
        findings.addAll(container.sharedQueues());
        ParameterChecks parameters = new ParameterChecks(container, conf);
        for (Mailet delivery : deliveries) {
            for (Element parameter : delivery.element().children()) {
                if (!DeliveryTranslation.OF_JAMES.contains(parameter.name())) {
                    OutboundSettings.objection(parameter.name()).ifPresent(objection ->
                        problem(parameter, "SecureRemoteDelivery does not have the parameter " + parameter.name(), objection));
                }
            }
            findings.addAll(parameters.delivery(delivery, delivery));
            findings.addAll(parameters.unset(delivery));
            database(delivery, "file://var/jamestls.sqlite", "policies");
        }
        List<Mailet> reporting = container.mailets("TlsReporting");
        if (reporting.isEmpty()) {
            findings.add(Finding.advice(container.file().path(), 0, "has no TlsReporting: no TLS reports are sent", "run install"));
        }
        for (Mailet mailet : reporting) {
            findings.addAll(parameters.reporting(mailet));
            findings.addAll(parameters.unset(mailet));
            reporting(mailet);
            database(mailet, "file://var/tlsreports.sqlite", "counts");
        }
        for (Mailet mailet : container.mailets(InboxSection.NAME)) {
            findings.addAll(parameters.reporting(mailet));
            findings.addAll(parameters.unset(mailet));
            position(mailet, InboxSection.NAME);
            database(mailet, "file://var/tlsinbox.sqlite", "received reports");
        }
        return findings;
    }

    private void reporting(Mailet mailet) throws IOException {
        String from = filled(mailet, "from").or(() -> filled(mailet, "contact")).orElse("");
        String match = mailet.element().attribute("match");
        List<String> recipients = match.startsWith("RecipientIs=")
            ? Arrays.stream(match.substring("RecipientIs=".length()).toLowerCase(Locale.ROOT).split("[, ]+")).toList() : List.of();
        if (match.startsWith("RecipientIs=") && !recipients.contains(from.toLowerCase(Locale.ROOT))) {
            problem(mailet.element(), "TlsReporting does not see bounces of its reports: its matcher lacks " + from,
                "write match=\"" + match + "," + from + "\"");
        }
        position(mailet, "TlsReporting");
        if (mailet.parameter("administrators").isEmpty()) {
            findings.add(Finding.advice(container.file().path(), container.line(mailet.element()), "no user may request reports by mail",
                "name users in <administrators>"));
        }
        String state = filled(mailet, "processor").orElse("tlsreport").toLowerCase(Locale.ROOT);
        Optional<Element> processor = container.processor(state);
        if (processor.isEmpty()) {
            problem(mailet.element(), "the processor '" + state + "' for the report mails is missing, so James does not start",
                "run install on the file without TlsReporting, or add the processor as in docs/install.md");
        } else {
            signing(processor.get(), from.substring(from.lastIndexOf('@') + 1));
        }
    }

    private void position(Mailet mailet, String name) {
        List<Mailet> before = MailetContainer.mailets(mailet.processor()).stream()
            .takeWhile(each -> !each.element().equals(mailet.element())).toList();
        before.stream().filter(each -> each.is("RecipientRewriteTable") || each.is("ToProcessor") || each.is("LocalDelivery")
            || each.is("Null"))
            .findFirst().ifPresent(each -> problem(mailet.element(), name + " stands behind " + each.element().attribute("class")
                + " in line " + container.line(each.element()) + ", which rewrites addresses or consumes mails before it sees them",
                "move it before the first mailet of the processor"));
    }

    private void signing(Element processor, String domain) throws IOException {
        List<Mailet> signers = MailetContainer.mailets(processor).stream().filter(each -> each.is("DKIMSign")).toList();
        Optional<Mailet> signer = signers.stream()
            .filter(each -> ReportingSection.tag(ReportingSection.template(each),
                "d").filter(domain::equalsIgnoreCase).isPresent()).findFirst();
        if (signer.isEmpty()) {
            problem(processor, "report mails are not signed for " + domain + ", so receivers ignore them",
                "put DKIMSign with d=" + domain + " into the processor '" + MailetContainer.state(processor) + "', before the delivery");
            return;
        }
        String template = ReportingSection.template(signer.get());
        if (ReportingSection.tag(template, "l").isPresent()) {
            problem(signer.get().element(), "l= in signatureTemplate is not allowed for reports (RFC 8460 section 3)", "remove it");
        }
        if (!ReportingSection.signedFields(template).containsAll(ReportingSection.REPORT_FIELDS)) {
            problem(signer.get().element(), "the signature does not cover " + String.join(" and ", ReportingSection.REPORT_FIELDS),
                "add them to h= in signatureTemplate");
        }
        key(signer.get());
    }

    private void key(Mailet signer) throws IOException {
        if (signer.parameter("privateKey").isPresent()) {
            if (readableByOthers(container.file().path())) {
                findings.add(Finding.advice(container.file().path(), container.line(signer.element()),
                    "every user of this machine can read the private key", "chmod 600, for the user that James runs as"));
            }
            return;
        }
        String location = filled(signer, "privateKeyFilepath").orElse("");
        Element element = signer.element().child("privateKeyFilepath").orElse(signer.element());
        boolean url = location.startsWith("file:");
        if (flavour.filter(each -> each == Flavour.JAVAX).isPresent() && url) {
            problem(element, "James 3.8 looks for " + location + " on its class path and does not start",
                "write the key itself into <privateKey>");
            return;
        }
        Path file = url ? conf.locate(location) : conf.directory().resolve(location);
        if (!Files.isReadable(file)) {
            if (url || flavour.filter(each -> each == Flavour.JAKARTA).isPresent()) {
                problem(element, "the key " + file + " can't be read",
                    "make one with openssl genrsa -out FILE 2048, or write where it is, as file://conf/...");
            }
        } else if (new DkimKey(Files.readString(file)).publicKey().isEmpty() && signer.parameter("privateKeyPassword").isEmpty()) {
            problem(element, file + " is no RSA key in PEM", "make one with openssl genrsa 2048");
        } else if (readableByOthers(file)) {
            findings.add(Finding.advice(container.file().path(), container.line(element),
                "every user of this machine can read the key " + file, "chmod 600, for the user that James runs as"));
        }
    }

    private void database(Mailet mailet, String otherwise, String what) throws IOException {
        String location = filled(mailet, "database").orElse(otherwise);
        Element element = mailet.element().child("database").orElse(mailet.element());
        if (location.equals("memory")) {
            findings.add(Finding.advice(container.file().path(), container.line(element), what + " are lost when James stops",
                "remove <database>"));
        }
        if (!location.startsWith("file:")) {
            return;
        }
        Path file;
        try {
            file = conf.locate(location);
        } catch (IllegalArgumentException e) {
            problem(element, "'" + location + "' does not name a file: " + e.getMessage(), "write file://var/NAME.sqlite");
            return;
        }
        Path there = file;
        while (!Files.exists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        if (!Files.isWritable(there) || there.equals(file) != Files.isRegularFile(there)) {
            problem(element, "the database " + file + " can't be written: " + there + (!Files.isWritable(there) ? " is read-only"
                : there.equals(file) ? " is not a file" : " is not a directory"),
                "name a file in a directory in which James may write");
        }
        new DatabaseAddress.SqliteFile(file).objection()
            .ifPresent(objection -> problem(element, objection, "James's health check reports it as well"));
    }

    private static boolean readableByOthers(Path file) throws IOException {
        try {
            return Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ);
        } catch (UnsupportedOperationException e) {
            return false;
        }
    }

    private static Optional<String> filled(Mailet mailet, String parameter) {
        return mailet.parameter(parameter).map(Variables.ofProcess()::filledIn);
    }

    private void problem(Element element, String text, String remedy) {
        findings.add(Finding.problem(container.file().path(), container.line(element), text, remedy));
    }
}
