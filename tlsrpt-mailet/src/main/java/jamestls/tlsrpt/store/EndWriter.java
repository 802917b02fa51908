package jamestls.tlsrpt.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Ends claims, inside a transaction. */
final class EndWriter {

    private static final String OF_PART = " WHERE day = ? AND domain = ? AND part = ?";
    private static final String SETTLE = "UPDATE tlsrpt_part SET token = '', leased = 0, result = ?" + OF_PART + " AND token = ?";
    private static final List<String> DELETE = List.of("DELETE FROM tlsrpt_failure" + OF_PART, "DELETE FROM tlsrpt_count" + OF_PART,
        "DELETE FROM tlsrpt_part" + OF_PART);
    private static final String FORGET_EMPTY = "DELETE FROM tlsrpt_domain WHERE day = ? AND domain = ? AND sessions = 0 "
        + "AND NOT EXISTS (SELECT 1 FROM tlsrpt_part p WHERE p.day = ? AND p.domain = ?)";

    private final Connection connection;

    EndWriter(Connection connection) {
        this.connection = connection;
    }

    /** @return for each whether it was held */
    List<Boolean> end(List<ClaimResult> endings) throws SQLException {
        List<Integer> order = IntStream.range(0, endings.size()).boxed()
            .sorted(Comparator.comparing(i -> endings.get(i).claim().tally().key())).toList();
        ClaimWriter.lock(connection, endings.stream().map(ending -> ending.claim().tally().key()).toList());
        boolean[] held = new boolean[endings.size()];
        List<Claim> discarded = new ArrayList<>();
        try (PreparedStatement update = connection.prepareStatement(SETTLE)) {
            for (int i : order) {
                ClaimResult ending = endings.get(i);
                update.setString(1, ending.result().orElse("discarded"));
                update.setString(setPart(update, 2, ending.claim()), ending.claim().token());
                update.addBatch();
            }
            int[] changed = update.executeBatch();
            for (int i = 0; i < changed.length; i++) {
                held[order.get(i)] = changed[i] != 0;
                ClaimResult ending = endings.get(order.get(i));
                if (changed[i] != 0 && ending.result().isEmpty()) {
                    discarded.add(ending.claim());
                }
            }
        }
        delete(discarded);
        return IntStream.range(0, held.length).mapToObj(i -> held[i]).toList();
    }

    private void delete(List<Claim> claims) throws SQLException {
        if (claims.isEmpty()) {
            return;
        }
        for (String sql : DELETE) {
            try (PreparedStatement delete = connection.prepareStatement(sql)) {
                for (Claim claim : claims) {
                    setPart(delete, 1, claim);
                    delete.addBatch();
                }
                delete.executeBatch();
            }
        }
        try (PreparedStatement delete = connection.prepareStatement(FORGET_EMPTY)) {
            for (Claim claim : claims) {
                JdbcValues.setKey(delete, JdbcValues.setKey(delete, 1, claim.tally().key()), claim.tally().key());
                delete.addBatch();
            }
            delete.executeBatch();
        }
    }

    /** @return the number of the next parameter */
    private static int setPart(PreparedStatement statement, int first, Claim claim) throws SQLException {
        int next = JdbcValues.setKey(statement, first, claim.tally().key());
        statement.setInt(next, claim.tally().part().number());
        return next + 1;
    }
}
