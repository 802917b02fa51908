package jamestls.install;

import jamestls.install.XmlSource.Element;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The processor that all mails pass: {@code transport}, or else the one to which {@code root} sends all mail. */
final class TransportProcessor {

    private final MailetContainer container;
    private final Element processor;

    private TransportProcessor(MailetContainer container, Element processor) {
        this.container = container;
        this.processor = processor;
    }

    /**
     * Finds the processor.
     *
     * @param mailet the mailet that is to be added, as it would be written by hand
     * @throws Refusal if there is none, or if it has no mailet
     */
    static TransportProcessor of(MailetContainer container, String mailet) throws Refusal {
        Optional<Element> root = container.processor("root");
        Optional<Element> found = container.processor("transport").or(() -> root.stream()
            .flatMap(each -> MailetContainer.mailets(each).stream())
            .filter(each -> each.is("ToProcessor") && each.takesAll()).findFirst()
            .flatMap(each -> each.parameter("processor")).flatMap(state -> container.processor(state.toLowerCase(Locale.ROOT))));
        Element transport = found.orElseThrow(() -> new Refusal(container.file().path(), root.map(container::line).orElse(0),
            "there is no processor 'transport', and 'root' sends its mail to no processor in this file",
            "put " + mailet + " by hand before all mailets that rewrite addresses or consume mails; its parameters are in "
                + "docs/install.md"));
        if (transport.children("mailet").isEmpty()) {
            throw new Refusal(container.file().path(), container.line(transport), "the processor '" + MailetContainer.state(transport)
                + "' has no mailet", "rename the processor that handles all mail to 'transport'");
        }
        return new TransportProcessor(container, transport);
    }

    String state() {
        return MailetContainer.state(processor);
    }

    /** Line of the mailet that was the first. */
    int line() {
        return container.line(first());
    }

    /** The blanks by which the content of a mailet is indented more than the mailet. */
    String unit() {
        String outer = container.indentation(processor);
        String inner = container.indentation(first());
        return inner.length() > outer.length() && inner.startsWith(outer) ? inner.substring(outer.length()) : "    ";
    }

    /** Inserts lines after the element before the first mailet, so that a comment on that mailet stays next to it. */
    void insertFirst(List<String> lines, TextEdits edits) {
        String text = container.file().text();
        String newLine = container.file().newLine();
        String indent = container.indentation(first());
        int index = processor.children().indexOf(first());
        int behind = index == 0 ? processor.openEnd() : processor.children().get(index - 1).end();
        int lineEnd = text.indexOf('\n', behind);
        boolean ownLine = lineEnd >= 0 && lineEnd < first().start() && text.substring(behind, lineEnd).isBlank();
        if (ownLine) {
            int nextEnd = text.indexOf('\n', lineEnd + 1);
            boolean blankLine = nextEnd >= 0 && text.substring(lineEnd + 1, nextEnd).isBlank();
            edits.insert(behind, (blankLine ? newLine : "") + newLine + indent + String.join(newLine + indent, lines));
        } else {
            edits.insert(first().start(), String.join(newLine + indent, lines) + newLine + indent);
        }
    }

    private Element first() {
        return processor.children("mailet").getFirst();
    }
}
