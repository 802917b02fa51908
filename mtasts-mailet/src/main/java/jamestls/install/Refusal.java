package jamestls.install;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** Thrown when a command changes nothing, because a configuration is not understood or was edited since. Has all reasons at once. */
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

    /** The reasons, each with the change to make by hand. */
    public List<Finding> findings() {
        return findings;
    }
}
