package jamestls.mtasts.storage;

import java.nio.file.Path;

/** Where a database is. */
public sealed interface DatabaseAddress {

    /** A SQLite file; it and the directories above it are made if they are not there. On a local disk: locks need one. */
    record SqliteFile(Path file) implements DatabaseAddress {
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

        /** What such URLs begin with. */
        public static final String SCHEME = "jdbc:postgresql:";

        /** Without the parameters: a password may be among them. */
        @Override
        public String toString() {
            return url.replaceFirst("\\?.*", "").replaceFirst("//[^/@]*@", "//");
        }
    }
}
