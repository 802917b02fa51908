package jamestls.install;

import jamestls.install.XmlSource.Element;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** mailetcontainer.xml with the position of each element. */
record MailetContainer(ConfFile file, Element root) {

    static final String FILE = "mailetcontainer.xml";

    /** A mailet and its processor. */
    record Mailet(Element processor, Element element) {

        /** @param name of the class, without its package */
        boolean is(String name) {
            String type = element.attribute("class");
            return type.equals(name) || type.endsWith("." + name);
        }

        boolean takesAll() {
            return element.attribute("match").equals("All");
        }

        String state() {
            return MailetContainer.state(processor);
        }

        /** Empty if the parameter is missing or blank. */
        Optional<String> parameter(String name) {
            return element.child(name).map(Element::value).filter(value -> !value.isEmpty());
        }
    }

    /** @throws Refusal when it is missing, or is not understood */
    static MailetContainer read(Path conf) throws IOException, Refusal {
        Path path = conf.resolve(FILE);
        if (!Files.isRegularFile(path)) {
            throw new Refusal("there is no " + FILE + " in " + conf, "name the directory of James's configuration with --conf");
        }
        return of(ConfFile.read(path));
    }

    static MailetContainer of(ConfFile file) throws Refusal {
        return new MailetContainer(file, XmlSource.parse(file));
    }

    List<Element> processors() {
        return root.child("processors").map(each -> each.children("processor")).orElse(List.of());
    }

    /** @param state in lower case, as James compares it */
    Optional<Element> processor(String state) {
        return processors().stream().filter(each -> state(each).equals(state)).findFirst();
    }

    static String state(Element processor) {
        return processor.attribute("state").toLowerCase(Locale.ROOT);
    }

    List<Mailet> mailets() {
        List<Mailet> mailets = new ArrayList<>();
        processors().forEach(processor -> mailets.addAll(mailets(processor)));
        return mailets;
    }

    static List<Mailet> mailets(Element processor) {
        return processor.children("mailet").stream().map(each -> new Mailet(processor, each)).toList();
    }

    /** The mailets of these classes, named without package. */
    List<Mailet> mailets(String... names) {
        return mailets().stream().filter(mailet -> Stream.of(names).anyMatch(mailet::is)).toList();
    }

    /** The mailets of class RemoteDelivery and SecureRemoteDelivery. */
    List<Mailet> deliveries() {
        return mailets("RemoteDelivery", "SecureRemoteDelivery");
    }

    /** The queue that a delivery will use. James's samples name it by outgoingQueue, which RemoteDelivery does not read. */
    static String queue(Mailet delivery) {
        return delivery.parameter("outgoing").or(() -> delivery.parameter("outgoingQueue")).orElse("outgoing");
    }

    /** A problem for each delivery that uses the queue of an earlier one: either would take mails of the other. */
    List<Finding> sharedQueues() {
        List<Finding> problems = new ArrayList<>();
        List<Mailet> deliveries = deliveries();
        for (int i = 1; i < deliveries.size(); i++) {
            String queue = queue(deliveries.get(i));
            Optional<Mailet> other = deliveries.subList(0, i).stream().filter(each -> queue(each).equals(queue)).findFirst();
            if (other.isPresent()) {
                problems.add(Finding.problem(file.path(), line(deliveries.get(i).element()), "delivers from the queue '" + queue
                    + "', as the mailet in line " + line(other.get().element()) + " does: either may take the other's mail",
                    "give it a queue of its own, such as <outgoing>" + queue + "2</outgoing>, or send its mail to the processor '"
                        + other.get().state() + "' with ToProcessor"));
            }
        }
        return problems;
    }

    int line(Element element) {
        return file.line(element.start());
    }

    /** The blanks before an element on its line; empty if something else precedes it there. */
    String indentation(Element element) {
        String text = file.text();
        int start = text.lastIndexOf('\n', element.start() - 1) + 1;
        String before = text.substring(start, element.start());
        return before.isBlank() ? before : "";
    }
}
