package jamestls.storage;

import jamestls.storage.Database.Engine;
import jamestls.storage.Database.SqlWork;
import jamestls.storage.SqliteFileInspection.Log;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/**
 * Reads the database of a server, with one connection per transaction: nothing is created, migrated, renamed or written, and no lock is
 * taken that a writer would wait for. For the command line: every failure is one sentence with the remedy.
 */
final class ReadOnlyEngine implements Engine {

    private final DatabaseAddress address;
    private final List<Migrations> expected;

    ReadOnlyEngine(DatabaseAddress address, List<Migrations> expected) {
        this.address = address;
        this.expected = List.copyOf(expected);
    }

    @Override
    public <T> T transaction(SqlWork<T> work) {
        return switch (address) {
            case DatabaseAddress.SqliteFile sqlite -> ofFile(sqlite.file().toAbsolutePath(), work);
            case DatabaseAddress.PostgreSql postgres -> ofServer(postgres, work);
        };
    }

    private <T> T ofFile(Path named, SqlWork<T> work) {
        SqliteFileInspection found = SqliteFileInspection.at(named);
        switch (found.kind()) {
            case ABSENT -> throw outage("there is no file " + named
                + ": James creates it when it starts; name another one if it is elsewhere");
            case FOREIGN -> throw outage(named + " " + found.why() + ", and was left as it is: name the database that James has created");
            case UNREADABLE -> throw outage(named + " " + found.why() + ": run this as the user that James runs as");
            case OURS -> { }
        }
        try {
            Path file = named.toRealPath();
            boolean inUse = SqliteFileInspection.hasLog(file);
            try (Connection connection = SqliteFileInspection.connect(file, inUse ? Log.READ : Log.IGNORE)) {
                return read(connection, work);
            } catch (SQLException e) {
                // James was started meanwhile and may have written to the file
                if (inUse || !SqliteFileInspection.hasLog(file)) {
                    throw e;
                }
                try (Connection again = SqliteFileInspection.connect(file, Log.READ)) {
                    return read(again, work);
                }
            }
        } catch (SQLException e) {
            throw new StorageOutage(named + " " + SqliteConnector.describe(e), e);
        } catch (IOException e) {
            throw new StorageOutage(named + " was deleted while it was being read", e);
        }
    }

    private <T> T ofServer(DatabaseAddress.PostgreSql postgres, SqlWork<T> work) {
        try (Connection connection = PostgresEngine.server(postgres).getConnection()) {
            connection.setReadOnly(true);
            if (!DatabaseMark.isOnPostgres(connection)) {
                throw outage(address + " has no tables of this software, and was left as it is: name the database that James uses");
            }
            return read(connection, work);
        } catch (SQLException e) {
            throw new StorageOutage(address + " " + PostgresEngine.describe(e), e);
        }
    }

    private <T> T read(Connection connection, SqlWork<T> work) throws SQLException {
        for (Migrations module : expected) {
            Optional<String> mismatch = module.mismatch(connection);
            if (mismatch.isPresent()) {
                throw outage(address + ": " + mismatch.get());
            }
        }
        return work.run(connection);
    }

    private static StorageOutage outage(String sentence) {
        return new StorageOutage(sentence, null);
    }

    @Override
    public void close() {
        // each transaction closes its connection
    }
}
