package jamestls.fakeinternet;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Programs of this machine that tests need. */
public final class InstalledProgram {

    private InstalledProgram() {
    }

    /** Skips the test if one of the files can't be executed; fails it instead if the environment says {@code CI=true}. */
    public static void require(String name, Path... executables) {
        Stream.of(executables).filter(file -> !Files.isExecutable(file)).findFirst()
            .ifPresent(missing -> require(false, name + " is not installed (no " + missing + ")"));
    }

    /** Skips the test unless the program can be used; fails it instead if the environment says {@code CI=true}. */
    public static void require(boolean isUsable, String otherwise) {
        if (!isUsable && "true".equals(System.getenv("CI"))) {
            throw new AssertionError(otherwise + ", and CI=true");
        }
        Assumptions.assumeTrue(isUsable, otherwise);
    }
}
