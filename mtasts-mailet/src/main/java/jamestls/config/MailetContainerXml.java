package jamestls.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * James's mailetcontainer.xml: its processors and their mailets, in the order of the file. Read as James reads it: variables are
 * filled in ({@link Variables}), text is stripped, and a parameter that is written more than once has its values joined by commas.
 * Document types and external entities are refused.
 */
public final class MailetContainerXml {

    private final List<Processor> processors;

    private MailetContainerXml(List<Processor> processors) {
        this.processors = List.copyOf(processors);
    }

    /**
     * One processor.
     *
     * @param state its name, in lower case, as James compares it
     * @param line on which its start tag ends, from 1
     */
    public record Processor(String state, int line, List<Mailet> mailets) {
        public Processor {
            mailets = List.copyOf(mailets);
        }
    }

    /**
     * One mailet.
     *
     * @param processor the name of its processor, in lower case
     * @param match its matcher, empty if it has none
     * @param type its class, as written: with or without the package
     * @param line on which its start tag ends, from 1
     * @param parameters by name, in the order of the file; a nested element is named {@code outer.inner}
     */
    public record Mailet(String processor, String match, String type, int line, SequencedMap<String, String> parameters) {

        /** @param name of the class, without its package */
        public boolean is(String name) {
            return type.equals(name) || type.endsWith("." + name);
        }

        /** Empty if the parameter is missing or blank. */
        public Optional<String> parameter(String name) {
            return Optional.ofNullable(parameters.get(name)).filter(value -> !value.isEmpty());
        }

        /** The parameters may hold passwords. */
        @Override
        public String toString() {
            return "Mailet[" + type + ", line " + line + "]";
        }
    }

    /** @throws ConfigurationException when the file is missing, can't be read, or is no XML */
    public static MailetContainerXml read(Path file, Variables variables) throws ConfigurationException {
        try (InputStream in = Files.newInputStream(file)) {
            return read(in, file.toString(), variables);
        } catch (NoSuchFileException e) {
            throw new ConfigurationException("there is no file " + file, e);
        } catch (IOException e) {
            throw new ConfigurationException(file + " can't be read: " + reason(e), e);
        }
    }

    /**
     * Reads an open file, which stays open.
     *
     * @param name of the file, for messages
     */
    public static MailetContainerXml read(InputStream in, String name, Variables variables) throws ConfigurationException {
        List<Processor> processors = new ArrayList<>();
        Deque<Element> open = new ArrayDeque<>();
        List<Mailet> mailets = new ArrayList<>();
        each(in, name, variables, new Visitor() {
            @Override
            public void start(Element element) {
                open.push(element);
                if (element.name().equals("processor") && isProcessor()) {
                    mailets.clear();
                }
            }

            @Override
            public void end(Element element, String text) {
                open.pop();
                Optional<Element> mailet = open.stream().filter(each -> each.name().equals("mailet")).findFirst();
                if (mailet.isPresent()) {
                    mailet.get().add(path(mailet.get(), element), text);
                } else if (element.name().equals("mailet")) {
                    mailets.add(new Mailet(state(open.peek()), element.attribute("match"), element.attribute("class"), element.line(),
                        element.parameters()));
                } else if (element.name().equals("processor") && !element.attribute("state").isEmpty()) {
                    processors.add(new Processor(state(element), element.line(), mailets));
                    mailets.clear();
                }
            }

            private boolean isProcessor() {
                return open.stream().noneMatch(each -> each.name().equals("mailet"));
            }

            private String path(Element mailet, Element element) {
                StringBuilder path = new StringBuilder(element.name());
                for (Element each : open) {
                    if (each == mailet) {
                        break;
                    }
                    path.insert(0, each.name() + ".");
                }
                return path.toString();
            }
        });
        return new MailetContainerXml(processors);
    }

    public List<Processor> processors() {
        return processors;
    }

    /** All mailets of that class, in the order of the file. */
    public List<Mailet> mailets(String className) {
        return processors.stream().flatMap(processor -> processor.mailets().stream()).filter(mailet -> mailet.is(className)).toList();
    }

    private static String state(Element processor) {
        return processor == null ? "" : processor.attribute("state").toLowerCase(Locale.ROOT);
    }

    /** An element as it is read. */
    record Element(String name, Map<String, String> attributes, int line, SequencedMap<String, String> parameters, StringBuilder text) {

        String attribute(String attribute) {
            return attributes.getOrDefault(attribute, "");
        }

        private void add(String parameter, String value) {
            parameters.merge(parameter, value, (one, other) -> one + "," + other);
        }
    }

    /** Sees the elements of a file. */
    interface Visitor {

        /** An element begins; those around it have begun before. */
        default void start(Element element) {
            // only some visitors need it
        }

        /** It ends; {@code text} is its own, stripped, with variables filled in. */
        void end(Element element, String text);
    }

    /** Reads a file of James's configuration; for those beside mailetcontainer.xml, too. */
    static void each(InputStream in, String name, Variables variables, Visitor visitor) throws ConfigurationException {
        XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        Deque<Element> open = new ArrayDeque<>();
        try {
            XMLStreamReader reader = factory.createXMLStreamReader(in);
            while (reader.hasNext()) {
                switch (reader.next()) {
                    case XMLStreamConstants.START_ELEMENT -> {
                        Element element = element(reader, variables);
                        open.push(element);
                        visitor.start(element);
                    }
                    case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA -> open.peek().text().append(reader.getText());
                    case XMLStreamConstants.END_ELEMENT -> {
                        Element element = open.pop();
                        visitor.end(element, variables.filledIn(element.text().toString().strip()));
                    }
                    case XMLStreamConstants.DTD -> throw new ConfigurationException(name + " has a document type, which is not allowed");
                    default -> {
                        // comments and processing instructions say nothing to James
                    }
                }
            }
        } catch (XMLStreamException e) {
            throw new ConfigurationException(name + " is no well-formed XML, line " + e.getLocation().getLineNumber() + ": "
                + reason(e), e);
        }
    }

    private static Element element(XMLStreamReader reader, Variables variables) {
        Map<String, String> attributes = new LinkedHashMap<>();
        for (int i = 0; i < reader.getAttributeCount(); i++) {
            attributes.put(reader.getAttributeLocalName(i), variables.filledIn(reader.getAttributeValue(i).strip()));
        }
        return new Element(reader.getLocalName(), attributes, reader.getLocation().getLineNumber(), new LinkedHashMap<>(),
            new StringBuilder());
    }

    /** Without the parser's own "ParseError at [row,col]:[…] Message: " in front. */
    private static String reason(Exception e) {
        return String.valueOf(e.getMessage()).replaceFirst("(?s)^.*Message: ", "").replaceAll("\\s+", " ");
    }
}
