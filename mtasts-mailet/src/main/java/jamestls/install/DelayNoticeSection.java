package jamestls.install;

import jamestls.install.MailetContainer.Mailet;
import jamestls.install.XmlSource.Element;
import java.util.List;
import java.util.Optional;

/** Gives a delivery the processor that makes notices of delay: James's DSNBounce with the action "delayed" (RFC 3464 §2.3.3). */
final class DelayNoticeSection {

    private static final String PROCESSOR = "delays";

    private final MailetContainer container;
    private final TextEdits edits;
    private final Plan plan;
    private boolean added;

    DelayNoticeSection(MailetContainer container, TextEdits edits, Plan plan) {
        this.container = container;
        this.edits = edits;
        this.plan = plan;
    }

    /**
     * Adds the processor after that of the delivery, unless it exists.
     *
     * @return the parameter that the delivery needs; empty if it has one, or if a processor of that name does something else
     */
    Optional<String> add(Mailet delivery) {
        if (delivery.parameter("delayProcessor").isPresent()) {
            return Optional.empty();
        }
        Optional<Element> there = container.processor(PROCESSOR);
        if (there.isPresent() && !makesNotices(there.get())) {
            plan.step("notices of delay will be plain text: the processor '" + PROCESSOR + "' in line " + container.line(there.get())
                + " has no DSNBounce with the action 'delayed'");
            return Optional.empty();
        }
        if (there.isEmpty() && !added) {
            added = true;
            write(delivery.processor());
        }
        return Optional.of("<delayProcessor>" + PROCESSOR + "</delayProcessor>");
    }

    private static boolean makesNotices(Element processor) {
        return MailetContainer.mailets(processor).stream()
            .anyMatch(mailet -> mailet.is("DSNBounce") && mailet.parameter("action").filter("delayed"::equalsIgnoreCase).isPresent());
    }

    private void write(Element delivering) {
        String indent = container.indentation(delivering);
        String unit = indent.isEmpty() ? "  " : indent.substring(indent.length() / 2);
        String newLine = container.file().newLine();
        String jmx = delivering.attribute("enableJmx");
        List<String> lines = List.of(
            "<!-- tells senders that their mail is delayed (RFC 3464, action delayed) -->",
            "<processor state=\"" + PROCESSOR + "\"" + (jmx.isEmpty() ? "" : " enableJmx=\"" + ReportingSection.xml(jmx) + "\"") + ">",
            unit + "<mailet match=\"All\" class=\"DSNBounce\">",
            unit + unit + "<messageString>This is the mail server [machine]. Your message has not been delivered yet. This is a warning "
                + "only: it is still being tried, and you need not send it again.</messageString>",
            unit + unit + "<action>delayed</action>",
            unit + unit + "<defaultStatus>4.7.0</defaultStatus>",
            unit + unit + "<attachment>heads</attachment>",
            unit + unit + "<passThrough>false</passThrough>",
            unit + "</mailet>",
            "</processor>");
        edits.insert(delivering.end(), newLine + newLine + indent + String.join(newLine + indent, lines));
        plan.step(container.file().path().getFileName() + ":" + container.file().line(delivering.end()) + ": the processor '" + PROCESSOR
            + "' tells authenticated senders when their mail has waited for 4 hours (delayNotice)");
    }
}
