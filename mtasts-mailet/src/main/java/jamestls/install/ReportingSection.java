package jamestls.install;

import jamestls.install.JamesServer.Flavour;
import jamestls.install.MailetContainer.Mailet;
import jamestls.install.XmlSource.Element;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Adds TlsReporting to {@code transport}, and the processor that signs the report mails (RFC 8460 §3). */
final class ReportingSection {

    static final String CLASS = "jamestls.tlsrpt.TlsReporting";
    static final String KEY_FILE = "dkim-tlsrpt.pem";
    static final List<String> REPORT_FIELDS = List.of("tls-report-domain", "tls-report-submitter");

    private static final String PROCESSOR = "tlsreport";
    private static final String SELECTOR = "tlsrpt";
    private static final String SIGNED = "from:to:subject:date:message-id:mime-version:content-type:tls-report-domain:tls-report-submitter:"
        + "auto-submitted:tls-required";

    private final MailetContainer container;
    private final Reporter reporter;
    private final Flavour flavour;
    private final TextEdits edits;
    private final Plan plan;
    private final String newLine;

    /**
     * The reporting organization and its addresses.
     *
     * @param from author of the report mails, in the domain of the contact
     * @param administrators users who may request reports by mail
     */
    record Reporter(String organization, String contact, String from, List<String> administrators) {

        String domain() {
            return contact.substring(contact.lastIndexOf('@') + 1).toLowerCase(Locale.ROOT);
        }

        String now() {
            return "tls-report-now@" + domain();
        }
    }

    ReportingSection(MailetContainer container, Reporter reporter, Flavour flavour, TextEdits edits, Plan plan) {
        this.container = container;
        this.reporter = reporter;
        this.flavour = flavour;
        this.edits = edits;
        this.plan = plan;
        this.newLine = container.file().newLine();
    }

    /**
     * @param delivering the processor that sends the report mails
     * @throws Refusal when no processor for the mailet is found
     */
    void add(Element delivering) throws IOException, Refusal {
        TransportProcessor transport = TransportProcessor.of(container, opening());
        String processor = MailetContainer.state(delivering);
        if (signsReports(delivering)) {
            plan.step("report mails are signed by the DKIMSign of the processor '" + processor + "'");
        } else if (container.processor(PROCESSOR).isPresent()) {
            processor = PROCESSOR;
            plan.step("report mails go to the existing processor '" + PROCESSOR + "'");
        } else {
            signing(delivering);
            processor = PROCESSOR;
        }
        mailet(transport, processor);
        plan.afterwards("Bounces of report mails go to " + reporter.from + ", and a mail to " + reporter.now() + " from "
            + String.join(", ", reporter.administrators) + " sends the reports at once. James accepts mail for both once they exist:"
            + "\n    curl -X PUT http://127.0.0.1:8000/domains/" + reporter.domain()
            + "\n    curl -X PUT -H 'Content-Type: application/json' -d '{\"password\":\"...\"}' http://127.0.0.1:8000/users/"
                + reporter.from
            + "\n    curl -X PUT http://127.0.0.1:8000/address/aliases/" + reporter.from + "/sources/" + reporter.now());
    }

    /** Adds the mailet before all others, which may rewrite the addresses that it matches, or consume the mails. */
    private void mailet(TransportProcessor transport, String processor) {
        String unit = transport.unit();
        List<String> lines = new ArrayList<>();
        lines.add("<!-- counts TLS results and reports them daily (RFC 8460); a mail to the first address sends the reports at once, "
            + "bounces of reports go to the second -->");
        lines.add(opening());
        lines.add(unit + parameter("organization", reporter.organization));
        lines.add(unit + parameter("contact", reporter.contact));
        lines.add(unit + parameter("from", reporter.from));
        lines.add(unit + parameter("processor", processor));
        lines.add(unit + parameter("administrators", String.join(",", reporter.administrators)));
        lines.add("</mailet>");
        transport.insertFirst(lines, edits);
        plan.step(container.file().path().getFileName() + ":" + transport.line() + ": TlsReporting is added to '" + transport.state()
            + "', before the first mailet");
    }

    private String opening() {
        return "<mailet match=\"RecipientIs=" + xml(reporter.now()) + "," + xml(reporter.from) + "\" class=\"" + CLASS + "\">";
    }

    private void signing(Element delivering) throws IOException, Refusal {
        String indent = container.indentation(delivering);
        Element inner = delivering.children().getFirst();
        String unit = unit(delivering, inner);
        Optional<Mailet> signer = signers().findFirst();
        String selector = signer.flatMap(each -> tag(template(each), "s")).orElse(SELECTOR);
        List<String> lines = new ArrayList<>();
        String jmx = delivering.attribute("enableJmx");
        lines.add("<!-- signs report mails, because receivers ignore unsigned ones (RFC 8460 section 3), then delivers them -->");
        lines.add("<processor state=\"" + PROCESSOR + "\"" + (jmx.isEmpty() ? "" : " enableJmx=\"" + xml(jmx) + "\"") + ">");
        lines.add(unit + "<mailet match=\"All\" class=\"org.apache.james.jdkim.mailets.DKIMSign\">");
        lines.add(unit + unit + parameter("signatureTemplate", "v=1; a=rsa-sha256; c=relaxed/relaxed; d=" + reporter.domain() + "; s="
            + selector + "; h=" + SIGNED + "; bh=; b=;"));
        if (signer.isPresent()) {
            signer.get().element().children().stream().filter(each -> !each.name().equals("signatureTemplate"))
                .forEach(each -> lines.add(unit + unit + container.file().text().substring(each.start(), each.end())));
            plan.step("report mails are signed with the key of the DKIMSign in line " + container.line(signer.get().element())
                + ", selector " + selector);
            plan.afterwards("The record " + selector + "._domainkey." + reporter.domain()
                + " should have no s=, or one that names email and tlsrpt (RFC 8460 section 3).");
        } else {
            key().forEach(line -> lines.add(line.startsWith("<") ? unit + unit + line : line));
        }
        lines.add(unit + "</mailet>");
        lines.add(unit + "<mailet match=\"All\" class=\"ToProcessor\">");
        lines.add(unit + unit + parameter("processor", MailetContainer.state(delivering)));
        lines.add(unit + "</mailet>");
        lines.add("</processor>");
        // a key is not indented
        edits.insert(delivering.end(), newLine + newLine + lines.stream()
            .map(line -> line.startsWith("-----") || !line.contains("<") ? line : indent + line).collect(Collectors.joining(newLine)));
        plan.step(container.file().path().getFileName() + ":" + container.file().line(delivering.end()) + ": the processor '" + PROCESSOR
            + "' signs report mails for " + reporter.domain() + " and sends them to '" + MailetContainer.state(delivering) + "'");
    }

    /** The parameter with the key, in the form that this James reads. Creates the key if there is none. */
    private List<String> key() throws IOException, Refusal {
        Path file = container.file().path().resolveSibling(KEY_FILE);
        DkimKey key;
        if (Files.exists(file)) {
            key = DkimKey.read(file);
            plan.step("report mails are signed with the existing key in " + KEY_FILE);
        } else {
            key = DkimKey.generate();
            plan.change(Plan.Change.key(file, key.pem().getBytes(StandardCharsets.US_ASCII)));
        }
        plan.afterwards("Publish the key that signs the reports:\n    " + key.record(SELECTOR, reporter.domain())
            .orElseThrow(() -> new Refusal(file, 0, "is no RSA key in PEM without a passphrase",
                "move it away; then a new one is created")));
        if (flavour == Flavour.JAKARTA) {
            return List.of(parameter("privateKeyFilepath", "file://conf/" + KEY_FILE));
        }
        // James 3.8 searches privateKeyFilepath on its class path, which does not contain conf
        List<String> lines = new ArrayList<>(List.of("<privateKey>"));
        key.pem().lines().forEach(lines::add);
        lines.add("</privateKey>");
        plan.afterwards("James 3.8 reads the key from mailetcontainer.xml only: make that file readable for James alone.");
        return lines;
    }

    /** Whether all mail of this processor is signed as reports need it. */
    private boolean signsReports(Element delivering) {
        List<Mailet> mailets = MailetContainer.mailets(delivering);
        int delivery = mailets.indexOf(mailets.stream().filter(each -> container.deliveries().contains(each)).findFirst().orElseThrow());
        return mailets.subList(0, delivery).stream().anyMatch(mailet -> mailet.is("DKIMSign") && mailet.takesAll() && isOurs(mailet)
            && tag(template(mailet), "l").isEmpty() && signedFields(template(mailet)).containsAll(REPORT_FIELDS));
    }

    /** The DKIMSign mailets with a key for our domain. */
    private Stream<Mailet> signers() {
        return container.mailets("DKIMSign").stream().filter(this::isOurs)
            .filter(mailet -> mailet.parameter("privateKey").or(() -> mailet.parameter("privateKeyFilepath")).isPresent());
    }

    private boolean isOurs(Mailet signer) {
        return tag(template(signer), "d").filter(domain -> domain.equalsIgnoreCase(reporter.domain())).isPresent();
    }

    static String template(Mailet signer) {
        return signer.parameter("signatureTemplate").orElse("");
    }

    static Optional<String> tag(String template, String name) {
        return Stream.of(template.split(";")).map(String::strip).filter(tag -> tag.startsWith(name + "="))
            .map(tag -> tag.substring(name.length() + 1).strip()).findFirst();
    }

    static List<String> signedFields(String template) {
        return Arrays.stream(tag(template, "h").orElse("").toLowerCase(Locale.ROOT).split(":")).map(String::strip).toList();
    }

    private String unit(Element parent, Element child) {
        String outer = container.indentation(parent);
        String inner = container.indentation(child);
        return inner.length() > outer.length() && inner.startsWith(outer) ? inner.substring(outer.length()) : "    ";
    }

    static String parameter(String name, String value) {
        return "<" + name + ">" + xml(value) + "</" + name + ">";
    }

    /** Escapes text for XML, and for James, which fills in variables. */
    static String xml(String value) {
        return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;").replace("${", "$${");
    }
}
