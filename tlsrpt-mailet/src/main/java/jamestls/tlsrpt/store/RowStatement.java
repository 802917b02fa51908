package jamestls.tlsrpt.store;

import jamestls.storage.Database.Dialect;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A statement for many rows. SQLite runs it once for each row, in a batch. On PostgreSQL each execution costs more than the work on its
 * row, so there one execution gets all rows as arrays, one for each column.
 */
final class RowStatement {

    private record Column(String name, String type) {
    }

    private final List<Column> columns;
    private final String forOne;
    private final String forAll;

    /**
     * A statement.
     *
     * @param columns columns of a row with their PostgreSQL types, for example {@code "day bigint, domain text"}
     * @param forOne SQLite's statement for one row, whose columns are the parameters {@code ?1} and so on
     * @param forAll PostgreSQL's statement, in which <code>${rows}</code> is a table {@code r} with these columns and the number of the
     *     row, {@code i}; to tell which rows it has changed, it returns their {@code i}
     */
    RowStatement(String columns, String forOne, String forAll) {
        this.columns = Stream.of(columns.split(", ")).map(column -> column.split(" "))
            .map(parts -> new Column(parts[0], parts[1])).toList();
        this.forOne = forOne;
        String arrays = this.columns.stream().map(column -> "?::" + column.type() + "[]").collect(Collectors.joining(", "));
        String names = this.columns.stream().map(Column::name).collect(Collectors.joining(", "));
        this.forAll = forAll.replace("${rows}", "unnest(" + arrays + ") WITH ORDINALITY AS r(" + names + ", i)");
    }

    /**
     * Runs the statement. The effect is that of one row after the other.
     *
     * @param rows values of the columns: {@code Long}, {@code String}, {@code byte[]} or null
     * @return for each row whether it changed something, if PostgreSQL's statement tells
     */
    boolean[] run(Connection connection, Dialect dialect, List<Object[]> rows) throws SQLException {
        if (rows.isEmpty()) {
            return new boolean[0];
        }
        return switch (dialect) {
            case SQLITE -> runForEach(connection, rows);
            case POSTGRESQL -> runForAll(connection, rows);
        };
    }

    /** The items whose row changed something, and the others. */
    record Outcome<T>(List<T> changed, List<T> unchanged) {

        static <T> Outcome<T> of(List<T> items, boolean[] changes) {
            Outcome<T> outcome = new Outcome<>(new ArrayList<>(items.size()), new ArrayList<>());
            for (int i = 0; i < changes.length; i++) {
                (changes[i] ? outcome.changed : outcome.unchanged).add(items.get(i));
            }
            return outcome;
        }
    }

    private boolean[] runForEach(Connection connection, List<Object[]> rows) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(forOne)) {
            for (Object[] row : rows) {
                for (int i = 0; i < row.length; i++) {
                    statement.setObject(i + 1, row[i]);
                }
                statement.addBatch();
            }
            int[] counts = statement.executeBatch();
            boolean[] changed = new boolean[counts.length];
            for (int i = 0; i < counts.length; i++) {
                changed[i] = counts[i] != 0;
            }
            return changed;
        }
    }

    private boolean[] runForAll(Connection connection, List<Object[]> rows) throws SQLException {
        boolean[] changed = new boolean[rows.size()];
        try (PreparedStatement statement = connection.prepareStatement(forAll)) {
            for (int i = 0; i < columns.size(); i++) {
                statement.setArray(i + 1, connection.createArrayOf(columns.get(i).type(), values(rows, i)));
            }
            if (statement.execute()) {
                try (ResultSet answer = statement.getResultSet()) {
                    while (answer.next()) {
                        changed[answer.getInt(1) - 1] = true;
                    }
                }
            }
        }
        return changed;
    }

    /** The values of a column in an array of their type, which the driver sends in binary. */
    private Object[] values(List<Object[]> rows, int column) {
        Object[] values = switch (columns.get(column).type()) {
            case "bigint" -> new Long[rows.size()];
            case "text" -> new String[rows.size()];
            case "bytea" -> new byte[rows.size()][];
            default -> throw new IllegalStateException("no array of " + columns.get(column).type());
        };
        for (int i = 0; i < values.length; i++) {
            values[i] = rows.get(i)[column];
        }
        return values;
    }
}
