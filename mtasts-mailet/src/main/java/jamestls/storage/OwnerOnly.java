package jamestls.storage;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** File permissions of databases: only the user that runs James has access. No effect on file systems without POSIX permissions. */
final class OwnerOnly {

    private static final Logger LOGGER = LoggerFactory.getLogger(OwnerOnly.class);
    private static final Set<PosixFilePermission> READ_WRITE = PosixFilePermissions.fromString("rw-------");
    private static final boolean POSSIBLE = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

    static final FileAttribute<?>[] FILE = attributes("rw-------");
    static final FileAttribute<?>[] DIRECTORY = attributes("rwx------");

    private OwnerOnly() {
    }

    /** Removes the permissions of other users; version 0.1.0 created files that everybody could read. */
    static void restrict(Path file) {
        try {
            if (POSSIBLE && Files.exists(file) && !READ_WRITE.containsAll(Files.getPosixFilePermissions(file))) {
                Files.setPosixFilePermissions(file, READ_WRITE);
            }
        } catch (IOException | UnsupportedOperationException e) {
            LOGGER.warn("Others may be able to read {}: its permissions can't be changed to 0600 ({})", file, e.getMessage());
        }
    }

    private static FileAttribute<?>[] attributes(String permissions) {
        return POSSIBLE ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))}
            : new FileAttribute<?>[0];
    }
}
