package jamestls.install;

import jamestls.install.XmlSource.Element;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** The loggers in logback.xml for deliveries and reports. */
final class Loggers {

    static final String OURS = "jamestls";
    /** dnsjava's validator logs a stack trace for each invalid signature in DNS; our own log lines report it. */
    private static final String VALIDATOR = "jamestls.bundled.dnsjava.dnssec";
    private static final Set<String> WITH_INFO = Set.of("INFO", "DEBUG", "TRACE", "ALL");

    private Loggers() {
    }

    /** The text of the file with the missing loggers added; empty if none is missing. */
    static Optional<String> added(ConfFile file) throws Refusal {
        Element root = XmlSource.parse(file);
        String lines = (logsInfo(root) || level(root, OURS).isPresent() ? "" : logger(OURS, "INFO") + "\n")
            + (level(root, VALIDATOR).isPresent() ? "" : logger(VALIDATOR, "OFF") + "\n");
        if (lines.isEmpty()) {
            return Optional.empty();
        }
        List<Element> siblings = root.children();
        if (siblings.isEmpty()) {
            throw new Refusal(file.path(), 1, "is empty", "configure an appender");
        }
        Element last = siblings.stream().filter(each -> each.name().equals("logger")).reduce((one, other) -> other)
            .or(() -> root.child("root")).orElse(siblings.getLast());
        String indent = new MailetContainer(file, root).indentation(last);
        TextEdits edits = new TextEdits(file.text());
        lines.lines().forEach(line -> edits.insert(last.end(), file.newLine() + indent + line));
        return Optional.of(edits.apply());
    }

    /** Whether our loggers log level INFO. */
    static boolean logsInfo(Element root) {
        Optional<String> level = level(root, OURS).or(() -> root.child("root").map(each -> each.attribute("level")));
        // logback's own default is DEBUG
        return WITH_INFO.contains(level.orElse("DEBUG").toUpperCase(Locale.ROOT)) || level.filter(each -> each.contains("${")).isPresent();
    }

    static Optional<String> level(Element root, String name) {
        return root.children("logger").stream().filter(each -> each.attribute("name").equals(name)).findFirst()
            .map(each -> each.attribute("level"));
    }

    private static String logger(String name, String level) {
        return "<logger name=\"" + name + "\" level=\"" + level + "\"/>";
    }
}
