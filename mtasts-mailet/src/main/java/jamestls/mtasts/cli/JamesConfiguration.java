package jamestls.mtasts.cli;

import jamestls.config.Variables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * What James's {@code conf/} says about outbound delivery: the parameters of SecureRemoteDelivery, and the DNS servers where
 * it names none. Read with the JDK's parser; variables are filled in as James does it ({@link Variables}).
 */
final class JamesConfiguration {

    private static final String MAILET = "SecureRemoteDelivery";

    private JamesConfiguration() {
    }

    /**
     * The parameters, by name; {@code dnsServers} is there too if {@code dnsservice.xml} names servers.
     *
     * @throws IOException when a file is missing or no XML, or there is no such mailet
     */
    static Map<String, String> read(Path conf, Variables variables) throws IOException {
        Map<String, String> parameters = new HashMap<>(servers(conf.resolve("dnsservice.xml"), variables));
        parameters.putAll(mailet(conf.resolve("mailetcontainer.xml"), variables));
        return parameters;
    }

    private static Map<String, String> mailet(Path file, Variables variables) throws IOException {
        for (Element mailet : elements(root(file), "mailet")) {
            String name = mailet.getAttribute("class");
            if (name.equals(MAILET) || name.endsWith("." + MAILET)) {
                Map<String, String> parameters = new HashMap<>();
                for (Element parameter : elements(mailet, "*")) {
                    // as James hands a parameter to the mailet that is written more than once
                    parameters.merge(parameter.getTagName(), variables.filledIn(parameter.getTextContent().strip()),
                        (one, other) -> one + "," + other);
                }
                return parameters;
            }
        }
        throw new IOException(file + " has no mailet of class jamestls.mtasts." + MAILET);
    }

    private static Map<String, String> servers(Path file, Variables variables) throws IOException {
        if (!Files.exists(file)) {
            return Map.of();
        }
        Element root = root(file);
        boolean ofSystem = elements(root, "autodiscover").stream().anyMatch(element -> element.getTextContent().strip().equals("true"));
        List<String> servers = elements(root, "server").stream()
            .map(element -> variables.filledIn(element.getTextContent().strip())).toList();
        return ofSystem || servers.isEmpty() ? Map.of() : Map.of("dnsServers", String.join(", ", servers));
    }

    private static Element root(Path file) throws IOException {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newDefaultInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            factory.setXIncludeAware(false);
            factory.setExpandEntityReferences(false);
            var builder = factory.newDocumentBuilder();
            builder.setErrorHandler(null);
            return builder.parse(file.toFile()).getDocumentElement();
        } catch (SAXException | ParserConfigurationException e) {
            throw new IOException(file + " is not the XML it should be: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new IOException("can't read " + file + ": " + e.getMessage(), e);
        }
    }

    private static List<Element> elements(Element parent, String name) {
        NodeList nodes = parent.getElementsByTagName(name);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            elements.add((Element) nodes.item(i));
        }
        return elements;
    }
}
