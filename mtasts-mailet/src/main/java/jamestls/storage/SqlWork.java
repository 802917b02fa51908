package jamestls.storage;

import java.sql.Connection;
import java.sql.SQLException;

/** What is done in one transaction. */
@FunctionalInterface
public interface SqlWork<T> {

    /**
     * Must not commit, roll back, close the connection or keep it, and must not wait for anything but the database. May be run
     * again from the start if the database asks for that (a deadlock), so it has no effect but the one on the database.
     */
    T run(Connection connection) throws SQLException;
}
