package jamestls.storage;

import jamestls.storage.Database.Engine;
import jamestls.storage.Database.SqlWork;
import jamestls.storage.SqliteFileLook.Log;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/**
 * Reads a database that belongs to a server, with one connection for each transaction: nothing is created, migrated, renamed or
 * written, and no lock is taken that a writer would wait for. For the command line: every failure is one sentence that says what to
 * do.
 */
final class ReadingEngine implements Engine {

    private final DatabaseAddress address;
    private final List<Migrations> expected;

    ReadingEngine(DatabaseAddress address, List<Migrations> expected) {
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
        SqliteFileLook found = SqliteFileLook.at(named);
        switch (found.kind()) {
            case ABSENT -> throw outage("there is no file " + named
                + ": James makes it when it starts; name another one if it is elsewhere");
            case FOREIGN -> throw outage(named + " " + found.why() + ", and was left as it is: name the database that James has made");
            case UNREADABLE -> throw outage(named + " " + found.why() + ": run this as the user that James runs as");
            case OURS -> { }
        }
        try {
            Path file = named.toRealPath();
            boolean inUse = SqliteFileLook.hasLog(file);
            try (Connection connection = SqliteFileLook.connect(file, inUse ? Log.READ : Log.LEFT_OUT)) {
                return read(connection, work);
            } catch (SQLException e) {
                // James started meanwhile, and may have written to the file while it was being read
                if (inUse || !SqliteFileLook.hasLog(file)) {
                    throw e;
                }
                try (Connection again = SqliteFileLook.connect(file, Log.READ)) {
                    return read(again, work);
                }
            }
        } catch (SQLException e) {
            throw new StorageOutage(named + " " + SqliteConnector.inWords(e), e);
        } catch (IOException e) {
            throw new StorageOutage(named + " went away while it was being read", e);
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
            throw new StorageOutage(address + " " + PostgresEngine.inWords(e), e);
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
        // each transaction has closed its own connection
    }
}
