package jamestls.storage;

import java.io.IOException;
import java.nio.file.Path;

/** Turns a {@code file://…} location as James writes them into a path: James's file system knows what it is relative to. */
@FunctionalInterface
public interface FileLocator {

    /** The path, whether or not there is a file. */
    Path locate(String location) throws IOException;
}
