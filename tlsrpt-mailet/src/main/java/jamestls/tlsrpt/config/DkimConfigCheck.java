package jamestls.tlsrpt.config;

import jamestls.dns.DomainName;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * Reads in mailetcontainer.xml whether the report mails will be signed as RFC 8460 §3 wants it: receivers ignore any other.
 * Only the processor that gets them is looked at; signing elsewhere, at a gateway say, is not seen.
 */
public final class DkimConfigCheck {

    private static final String DKIM_SIGN = "DKIMSign";
    private static final List<String> REPORT_FIELDS = List.of("tls-report-domain", "tls-report-submitter");

    private DkimConfigCheck() {
    }

    /**
     * What is wrong, with the remedy, a sentence each, by domain; nothing where the mails will be signed well.
     *
     * @param mailetContainer the file; not closed
     * @param processor that gets the report mails, in lower case
     * @param domains of From and contact, at least one; each needs a signature of its own
     * @throws IOException when it can't be read or is no such file
     */
    public static Map<DomainName, List<String>> problems(InputStream mailetContainer, String processor, List<DomainName> domains)
        throws IOException {
        List<String> templates = mailets(mailetContainer, processor)
            .filter(mailet -> mailet.getAttribute("class").endsWith(DKIM_SIGN)).map(DkimConfigCheck::template).toList();
        Map<DomainName, List<String>> problems = new LinkedHashMap<>();
        for (DomainName domain : domains) {
            List<String> own = problems(templates, processor, domain);
            if (!own.isEmpty()) {
                problems.put(domain, own);
            }
        }
        return problems;
    }

    private static String template(Element signer) {
        NodeList templates = signer.getElementsByTagName("signatureTemplate");
        return templates.getLength() == 0 ? "" : templates.item(0).getTextContent();
    }

    private static List<String> problems(List<String> templates, String processor, DomainName domain) {
        if (templates.isEmpty()) {
            return List.of("report mails are unsigned, and receivers ignore them: add DKIMSign with d=" + domain + " to the processor '"
                + processor + "'");
        }
        String template = templates.stream().filter(each -> isBy(each, domain)).findFirst().orElse(templates.getFirst());
        List<String> problems = new ArrayList<>();
        if (!isBy(template, domain)) {
            String signing = String.join("', '", templates.stream().map(each -> tag(each, "d").orElse("")).toList());
            problems.add("report mails come from " + domain + " and are signed by '" + signing + "': write d=" + domain
                + " in signatureTemplate of the processor '" + processor + "', or give TlsReporting a contact in that domain");
        }
        if (tag(template, "l").isPresent()) {
            problems.add("l= in signatureTemplate of the processor '" + processor + "' is not allowed for reports: leave it out");
        }
        List<String> fields = Stream.of(tag(template, "h").orElse("").toLowerCase(Locale.ROOT).split(":")).map(String::strip).toList();
        if (!fields.containsAll(REPORT_FIELDS)) {
            problems.add("the signature should cover " + String.join(" and ", REPORT_FIELDS)
                + ": add them to h= in signatureTemplate of the processor '" + processor + "'");
        }
        return problems;
    }

    private static boolean isBy(String template, DomainName domain) {
        return tag(template, "d").flatMap(DomainName::parse).filter(domain::equals).isPresent();
    }

    private static Optional<String> tag(String template, String name) {
        return Stream.of(template.split(";")).map(String::strip).filter(tag -> tag.startsWith(name + "="))
            .map(tag -> tag.substring(name.length() + 1).strip()).findFirst();
    }

    private static Stream<Element> mailets(InputStream xml, String processor) throws IOException {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            return elements(factory.newDocumentBuilder().parse(xml).getElementsByTagName("processor"))
                .filter(each -> each.getAttribute("state").toLowerCase(Locale.ROOT).equals(processor))
                .flatMap(each -> elements(each.getElementsByTagName("mailet")));
        } catch (SAXException | ParserConfigurationException e) {
            throw new IOException("mailetcontainer.xml can't be read: " + e.getMessage(), e);
        }
    }

    private static Stream<Element> elements(NodeList nodes) {
        return IntStream.range(0, nodes.getLength()).mapToObj(i -> (Element) nodes.item(i));
    }
}
