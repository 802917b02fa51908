package jamestls.james;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The two builds of our jars: James 3.9 speaks jakarta.mail, James 3.8 javax.mail. */
public enum Flavour {
    JAKARTA(""),
    JAVAX("-james38");

    private final String classifier;

    Flavour(String classifier) {
        this.classifier = classifier;
    }

    /** What goes into {@code extensions-jars/}. */
    public List<Path> jars() {
        return Stream.of("mtasts.jar", "tlsrpt.jar").map(name -> Path.of(BuildPaths.required(name) + classifier + ".jar")).toList();
    }
}
