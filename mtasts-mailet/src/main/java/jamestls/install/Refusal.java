package jamestls.install;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** Nothing was changed, and why: a configuration that is not understood, or that was edited since. Names every place at once. */
public final class Refusal extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient List<Finding> findings;

    Refusal(List<Finding> findings) {
        super(findings.stream().map(Finding::headline).collect(Collectors.joining("; ")));
        this.findings = List.copyOf(findings);
    }

    Refusal(Path file, int line, String text, String remedy) {
        this(List.of(Finding.problem(file, line, text, remedy)));
    }

    Refusal(String text, String remedy) {
        this(List.of(Finding.problem(text, remedy)));
    }

    /** What stands in the way, each with the change to make by hand. */
    public List<Finding> findings() {
        return findings;
    }
}
