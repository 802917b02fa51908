package jamestls.install;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.XMLConstants;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.parsers.SAXParserFactory;
import org.xml.sax.Attributes;
import org.xml.sax.Locator;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;
import org.xml.sax.helpers.DefaultHandler;

/**
 * Parses an XML file and keeps the offset of each tag in the text. The JDK's parser reads the same bytes; the file is refused if the
 * two results differ, so that no edit is made at a wrong place.
 */
final class XmlSource {

    private static final Pattern ENTITY = Pattern.compile("&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos));");
    private static final int MAX_DEPTH = 100;

    private final ConfFile file;
    private final String text;
    private int at;

    private XmlSource(ConfFile file) {
        this.file = file;
        this.text = file.text();
    }

    /**
     * The offsets of the tags of an element.
     *
     * @param start of {@code <name}
     * @param openEnd behind the {@code >} of its start tag
     * @param closeStart of {@code </name>}; the same as {@code openEnd} if there is none ({@code <name/>})
     * @param end behind its end tag
     */
    record Tags(int start, int openEnd, int closeStart, int end) {
    }

    /**
     * An element.
     *
     * @param text its own text without that of its children; entities are decoded
     */
    record Element(String name, Tags tags, Map<String, Attribute> attributes, String text, List<Element> children) {

        int start() {
            return tags.start;
        }

        int openEnd() {
            return tags.openEnd;
        }

        int closeStart() {
            return tags.closeStart;
        }

        int end() {
            return tags.end;
        }

        /** Whether it is written {@code <name/>}. */
        boolean isEmptyTag() {
            return tags.closeStart == tags.end;
        }

        String value() {
            return text.strip();
        }

        /** Empty if there is no such attribute. */
        String attribute(String attribute) {
            return Optional.ofNullable(attributes.get(attribute)).map(Attribute::value).orElse("");
        }

        List<Element> children(String childName) {
            return children.stream().filter(child -> child.name.equals(childName)).toList();
        }

        Optional<Element> child(String childName) {
            return children.stream().filter(child -> child.name.equals(childName)).findFirst();
        }
    }

    /** The value of an attribute and its offsets, without the quotation marks. */
    record Attribute(String value, int start, int end) {
    }

    /** @throws Refusal with the line, when this is not well-formed XML, has a document type, or is not understood */
    static Element parse(ConfFile file) throws Refusal {
        List<String> expected = byJdk(file);
        XmlSource source = new XmlSource(file);
        Element root;
        try {
            root = source.document();
        } catch (IndexOutOfBoundsException e) {
            throw source.refusal(source.text.length(), "ends before the end tag of its root element");
        }
        List<String> seen = new ArrayList<>();
        flatten(root, seen);
        if (!seen.equals(expected)) {
            throw new Refusal(file.path(), 1, "has XML that this program does not understand",
                "make the changes by hand; docs/install.md lists them");
        }
        return root;
    }

    private Element document() throws Refusal {
        if (text.startsWith("\uFEFF")) {
            at = 1;
        }
        skipMisc();
        Element root = element(0);
        skipMisc();
        if (at < text.length()) {
            throw refusal(at, "has text after its root element");
        }
        return root;
    }

    /** Skips blanks, comments and processing instructions. */
    private void skipMisc() throws Refusal {
        while (at < text.length()) {
            if (Character.isWhitespace(text.charAt(at))) {
                at++;
            } else if (text.startsWith("<!--", at)) {
                skipPast("-->");
            } else if (text.startsWith("<?", at)) {
                skipPast("?>");
            } else {
                return;
            }
        }
    }

    private Element element(int depth) throws Refusal {
        int start = at;
        if (depth > MAX_DEPTH || text.charAt(at) != '<') {
            throw refusal(at, "has XML here that this program does not understand");
        }
        at++;
        String name = name();
        Map<String, Attribute> attributes = new LinkedHashMap<>();
        skipBlanks();
        while (text.charAt(at) != '>' && text.charAt(at) != '/') {
            String attribute = name();
            skipBlanks();
            expect('=');
            skipBlanks();
            char quote = text.charAt(at++);
            int end = quote == '"' || quote == '\'' ? text.indexOf(quote, at) : -1;
            if (end < 0) {
                throw refusal(at, "has an attribute without quotation marks");
            }
            String raw = text.substring(at, end).replaceAll("\r\n|[\t\r\n]", " ");
            attributes.put(attribute, new Attribute(decoded(raw), at, end));
            at = end + 1;
            skipBlanks();
        }
        if (text.charAt(at) == '/') {
            at++;
            expect('>');
            return new Element(name, new Tags(start, at, at, at), attributes, "", List.of());
        }
        at++;
        return content(name, start, attributes, depth);
    }

    private Element content(String name, int start, Map<String, Attribute> attributes, int depth) throws Refusal {
        int openEnd = at;
        StringBuilder own = new StringBuilder();
        List<Element> children = new ArrayList<>();
        while (true) {
            if (text.startsWith("</", at)) {
                int closeStart = at;
                at += 2;
                if (!name().equals(name)) {
                    throw refusal(closeStart, "has an end tag that does not belong to <" + name + ">");
                }
                skipBlanks();
                expect('>');
                return new Element(name, new Tags(start, openEnd, closeStart, at), attributes, own.toString(), List.copyOf(children));
            } else if (text.startsWith("<!--", at)) {
                skipPast("-->");
            } else if (text.startsWith("<![CDATA[", at)) {
                int begin = at + "<![CDATA[".length();
                skipPast("]]>");
                own.append(text, begin, at - "]]>".length());
            } else if (text.startsWith("<?", at)) {
                skipPast("?>");
            } else if (text.charAt(at) == '<') {
                children.add(element(depth + 1));
            } else {
                int begin = at;
                while (text.charAt(at) != '<') {
                    at++;
                }
                own.append(decoded(text.substring(begin, at)));
            }
        }
    }

    private String name() throws Refusal {
        int begin = at;
        while (" \t\r\n=/><\"'".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        if (at == begin) {
            throw refusal(at, "lacks a name");
        }
        return text.substring(begin, at);
    }

    private void skipBlanks() {
        while (Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    private void expect(char expected) throws Refusal {
        if (text.charAt(at) != expected) {
            throw refusal(at, "lacks '" + expected + "'");
        }
        at++;
    }

    private void skipPast(String end) throws Refusal {
        int found = text.indexOf(end, at);
        if (found < 0) {
            throw refusal(at, "lacks '" + end + "'");
        }
        at = found + end.length();
    }

    private Refusal refusal(int offset, String what) {
        return new Refusal(file.path(), file.line(Math.min(offset, text.length())), what, "correct the XML");
    }

    private static String decoded(String raw) {
        return ENTITY.matcher(raw).replaceAll(entity -> Matcher.quoteReplacement(
            entity.group(1) != null ? character(Integer.parseInt(entity.group(1), 16))
                : entity.group(2) != null ? character(Integer.parseInt(entity.group(2)))
                : switch (entity.group(3)) {
                    case "lt" -> "<";
                    case "gt" -> ">";
                    case "amp" -> "&";
                    case "quot" -> "\"";
                    default -> "'";
                }));
    }

    private static String character(int codePoint) {
        return Character.isValidCodePoint(codePoint) ? Character.toString(codePoint) : "";
    }

    private static void flatten(Element element, List<String> flat) {
        flat.add("<" + element.name());
        element.attributes().forEach((name, attribute) -> flat.add(name + "=" + attribute.value()));
        element.children().forEach(child -> flatten(child, flat));
        flat.add(">" + element.text().replaceAll("\r\n?", "\n").strip());
    }

    private static List<String> byJdk(ConfFile file) throws Refusal {
        List<String> flat = new ArrayList<>();
        List<StringBuilder> texts = new ArrayList<>();
        Locator[] place = new Locator[1];
        try {
            SAXParserFactory factory = SAXParserFactory.newDefaultInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            factory.newSAXParser().parse(new ByteArrayInputStream(file.bytes()), new DefaultHandler() {
                @Override
                public void setDocumentLocator(Locator locator) {
                    place[0] = locator;
                }

                @Override
                public void startElement(String uri, String localName, String name, Attributes attributes) {
                    flat.add("<" + name);
                    for (int i = 0; i < attributes.getLength(); i++) {
                        flat.add(attributes.getQName(i) + "=" + attributes.getValue(i));
                    }
                    texts.addLast(new StringBuilder());
                }

                @Override
                public void characters(char[] characters, int start, int length) {
                    texts.getLast().append(characters, start, length);
                }

                @Override
                public void endElement(String uri, String localName, String name) {
                    flat.add(">" + texts.removeLast().toString().strip());
                }
            });
            return flat;
        } catch (SAXException | ParserConfigurationException | IOException e) {
            int line = e instanceof SAXParseException at ? at.getLineNumber() : place[0] == null ? 0 : place[0].getLineNumber();
            throw new Refusal(file.path(), Math.max(line, 0), "is not well-formed XML: " + e.getMessage(), "correct it there");
        }
    }
}
