package jamestls.storage;

import jamestls.config.Parameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Where a database is. */
public sealed interface DatabaseAddress {

    /** The location that means none: everything is kept in memory and lost with the process. */
    String MEMORY = "memory";
    /** What locations are allowed, for messages. */
    String ALLOWED = "a file such as 'file://var/jamestls.sqlite', 'jdbc:postgresql://host/database', or 'memory'";

    /**
     * Reads a location as an administrator writes it.
     *
     * @param location see {@link #ALLOWED}
     * @param user for PostgreSQL; empty to take the one in the URL
     * @param password likewise
     * @return empty for {@link #MEMORY}
     * @throws IllegalArgumentException when it is none of these
     */
    static Optional<DatabaseAddress> parse(String location, String user, String password, Parameters.FileLocator files) {
        if (location.equals(MEMORY)) {
            return Optional.empty();
        }
        if (location.startsWith(PostgreSql.SCHEME)) {
            return Optional.of(new PostgreSql(location, user, password));
        }
        if (!location.startsWith("file:")) {
            throw new IllegalArgumentException("not " + ALLOWED);
        }
        try {
            return Optional.of(new SqliteFile(files.locate(location)));
        } catch (IOException | InvalidPathException e) {
            throw new IllegalArgumentException("no such place for a file: " + e.getMessage(), e);
        }
    }

    /** A location as it may stand in a log: a URL may hold a password, well-formed or not, so only the part before all of it is left. */
    static String withoutPassword(String location) {
        return location.startsWith("file:") ? location : location.replaceFirst("//.*@", "//").replaceFirst("[?;&].*", "");
    }

    /**
     * Reads the parameters {@code database}, {@code databaseUser} and {@code databasePassword}.
     *
     * @param otherwise the default of {@code database}
     * @return empty for {@link #MEMORY}
     */
    static Optional<DatabaseAddress> of(Parameters parameters, String otherwise) {
        String user = parameters.text("databaseUser").orElse("");
        String password = parameters.text("databasePassword").orElse("");
        return parameters.read("database", otherwise, ALLOWED, location -> parse(location, user, password, parameters::locate));
    }

    /**
     * Why this is no good place, for health checks and the doctor: a SQLite file on a network file system. Looks at the disk, which may
     * take long there.
     */
    default Optional<String> objection() {
        return Optional.empty();
    }

    /** A SQLite file; it and the directories above it are made if they are not there. On a local disk: locks need one. */
    record SqliteFile(Path file) implements DatabaseAddress {

        private static final Set<String> NETWORK = Set.of("nfs", "nfs4", "cifs", "smb", "smbfs", "smb2", "smb3", "afs", "9p", "ceph",
            "glusterfs", "fuse.glusterfs", "fuse.sshfs", "fuse.ceph", "lustre", "gpfs", "ocfs2", "gfs2");

        @Override
        public Optional<String> objection() {
            Path there = file.toAbsolutePath();
            while (!Files.exists(there) && there.getParent() != null) {
                there = there.getParent();
            }
            try {
                return objection(Files.getFileStore(there).type());
            } catch (IOException e) {
                // whoever opens the file says what is wrong
                return Optional.empty();
            }
        }

        Optional<String> objection(String fileSystem) {
            return NETWORK.contains(fileSystem.toLowerCase(Locale.ROOT))
                ? Optional.of("the database " + file + " is on a network file system (" + fileSystem + "), where SQLite's locks fail: "
                    + "put it on a local disk, or use PostgreSQL") : Optional.empty();
        }

        @Override
        public String toString() {
            return file.toString();
        }
    }

    /**
     * A PostgreSQL database.
     *
     * @param url {@code jdbc:postgresql://host[:port][,host…]/database[?parameters]}, with all parameters of PostgreSQL's driver
     * @param user empty to take the one from the URL
     * @param password empty likewise; never shown
     */
    record PostgreSql(String url, String user, String password) implements DatabaseAddress {

        private static final String SCHEME = "jdbc:postgresql:";

        /** Without the parameters: a password may be among them. */
        @Override
        public String toString() {
            return withoutPassword(url);
        }
    }
}
