package jamestls.tlsrpt.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * A mailet as mailetcontainer.xml has it. James's own variables ({@code ${env:…}}) stay as they are.
 *
 * @param processor it stands in, in lower case
 * @param type its class, as written
 * @param parameters by name
 */
record ConfiguredMailet(String processor, String type, Map<String, String> parameters) {

    /** @throws IllegalArgumentException when the file is no such file */
    static List<ConfiguredMailet> read(Path file) {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            List<ConfiguredMailet> mailets = new ArrayList<>();
            for (Element processor : elements(factory.newDocumentBuilder().parse(file.toFile()).getElementsByTagName("processor"))) {
                if (processor.hasAttribute("state")) {
                    for (Element mailet : elements(processor.getElementsByTagName("mailet"))) {
                        mailets.add(of(processor.getAttribute("state").toLowerCase(Locale.ROOT), mailet));
                    }
                }
            }
            return mailets;
        } catch (IOException | SAXException | ParserConfigurationException e) {
            throw new IllegalArgumentException(file + " can't be read: " + e.getMessage(), e);
        }
    }

    /** @param name of the class, without its package */
    boolean is(String name) {
        return type.equals(name) || type.endsWith("." + name);
    }

    /** Empty if it is not there, or empty. */
    Optional<String> parameter(String name) {
        return Optional.ofNullable(parameters.get(name)).filter(value -> !value.isEmpty());
    }

    private static ConfiguredMailet of(String processor, Element mailet) {
        Map<String, String> parameters = new HashMap<>();
        elements(mailet.getElementsByTagName("*")).forEach(each -> parameters.put(each.getNodeName(), each.getTextContent().strip()));
        return new ConfiguredMailet(processor, mailet.getAttribute("class"), parameters);
    }

    private static List<Element> elements(NodeList nodes) {
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            elements.add((Element) nodes.item(i));
        }
        return elements;
    }
}
