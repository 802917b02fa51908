package jamestls.storage;

import jamestls.config.Parameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Location of a database. */
public sealed interface DatabaseAddress {

    /** The location that stands for no database: everything is in memory and lost with the process. */
    String MEMORY = "memory";
    /** The allowed locations, for messages. */
    String ALLOWED = "a file such as 'file://var/jamestls.sqlite', 'jdbc:postgresql://host/database', or 'memory'";

    /**
     * Parses a location from the configuration.
     *
     * @param location see {@link #ALLOWED}
     * @param user for PostgreSQL; empty to take the one in the URL
     * @param password likewise
     * @return empty for {@link #MEMORY}
     * @throws IllegalArgumentException if the location is invalid
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

    /** The location without user, password and parameters of a URL, even of a malformed one; for logs. */
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
     * A problem of the location, for health checks and the doctor: a SQLite file on a network file system. Accesses the file system, which
     * may block.
     */
    default Optional<String> objection() {
        return Optional.empty();
    }

    /** A SQLite file, on a local disk because of its locks. The file and missing directories are created. */
    record SqliteFile(Path file) implements DatabaseAddress {

        private static final Set<String> NETWORK = Set.of("nfs", "nfs4", "cifs", "smb", "smbfs", "smb2", "smb3", "afs", "9p", "ceph",
            "glusterfs", "fuse.glusterfs", "fuse.sshfs", "fuse.ceph", "lustre", "gpfs", "ocfs2", "gfs2");

        @Override
        public Optional<String> objection() {
            Path existing = file.toAbsolutePath();
            while (!Files.exists(existing) && existing.getParent() != null) {
                existing = existing.getParent();
            }
            try {
                return objection(Files.getFileStore(existing).type());
            } catch (IOException e) {
                // opening the file reports the problem
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
     * @param user user name; empty if the URL has it
     * @param password password, never shown; empty if the URL has it
     */
    record PostgreSql(String url, String user, String password) implements DatabaseAddress {

        private static final String SCHEME = "jdbc:postgresql:";

        /** The URL without its parameters, which may contain a password. */
        @Override
        public String toString() {
            return withoutPassword(url);
        }
    }
}
