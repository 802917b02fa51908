package jamestls.tlsrpt.store;

import jamestls.dns.DomainName;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** Converts values to and from database columns. */
public final class JdbcValues {

    /** 128 bits resist second preimages. A collision of two own texts would falsify the counts of their author only. */
    private static final int HASH_BYTES = 16;
    private static final String LINE_END = "\n";

    private JdbcValues() {
    }

    /** Sets consecutive parameters: byte strings, texts and numbers. */
    public static void set(PreparedStatement statement, int first, Object... values) throws SQLException {
        for (int i = 0; i < values.length; i++) {
            switch (values[i]) {
                case null -> throw new IllegalArgumentException("use setBytes or setString for null");
                case Long number -> statement.setLong(first + i, number);
                case Integer number -> statement.setInt(first + i, number);
                case String text -> statement.setString(first + i, text);
                case byte[] bytes -> statement.setBytes(first + i, bytes);
                default -> throw new IllegalArgumentException("no column type for " + values[i].getClass());
            }
        }
    }

    /** @return the number of the next parameter */
    static int setKey(PreparedStatement statement, int first, TallyKey key) throws SQLException {
        statement.setLong(first, key.day().toEpochDay());
        statement.setString(first + 1, key.name());
        return first + 2;
    }

    static byte[] hash(FailureKey failure) {
        return hash(failure.type().wireName(), failure.sendingIp().map(JdbcValues::hex).orElse(""),
            failure.mxHost().map(DomainName::ascii).orElse(""), failure.helo().orElse(""),
            failure.receivingIp().map(JdbcValues::hex).orElse(""), failure.reason());
    }

    /** @param parts strings, and byte strings in UTF-8 */
    public static byte[] hash(Object... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Object part : parts) {
                byte[] bytes = part instanceof byte[] raw ? raw : part.toString().getBytes(StandardCharsets.UTF_8);
                // the length keeps different lists from having the same octets
                digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
                digest.update(bytes);
            }
            return Arrays.copyOf(digest.digest(), HASH_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    static byte[] lines(List<String> lines) {
        return String.join(LINE_END, lines).getBytes(StandardCharsets.UTF_8);
    }

    static List<String> lines(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8).lines().toList();
    }

    static byte[] bytes(Optional<InetAddress> address) {
        return address.map(InetAddress::getAddress).orElse(null);
    }

    static Optional<InetAddress> address(byte[] bytes) throws SQLException {
        try {
            return bytes == null ? Optional.empty() : Optional.of(InetAddress.getByAddress(bytes));
        } catch (UnknownHostException e) {
            throw new SQLException("not an IP address: " + bytes.length + " octets", e);
        }
    }

    private static String hex(InetAddress address) {
        return HexFormat.of().formatHex(address.getAddress());
    }
}
