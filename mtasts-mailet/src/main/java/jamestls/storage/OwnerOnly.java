package jamestls.storage;

import jamestls.net.SanitizedLogger;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Permissions of what we make: nobody but the user that James runs as. Where files have no such permissions, nothing is done. */
final class OwnerOnly {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(OwnerOnly.class);
    private static final Set<PosixFilePermission> READ_WRITE = PosixFilePermissions.fromString("rw-------");
    private static final boolean POSSIBLE = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

    static final FileAttribute<?>[] FILE = attributes("rw-------");
    static final FileAttribute<?>[] DIRECTORY = attributes("rwx------");

    private OwnerOnly() {
    }

    /** Takes the rights of others to a file of ours away; version 0.1.0 made files that everybody could read. */
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
