package jamestls.mtasts.held;

import jamestls.net.Sanitized;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A mail that waits for its next attempt to one recipient domain. Holds no mail address and no subject.
 *
 * @param key identifies mail and domain
 * @param since the time of the first failure
 * @param nextTry the time at which it is due
 * @param why the reason
 * @param mails the number of mails in this row, mostly one
 */
public record HeldMail(Key key, Instant since, Instant nextTry, Why why, int mails) {

    /** What prevents a delivery. */
    public enum Cause {
        /** A policy of the recipient domain, the sender or this server forbids all hosts. */
        POLICY,
        /** A look-up failed. */
        DNS,
        /** No host could be reached, or a connection was lost. */
        NETWORK,
        /** A server answered with a temporary failure. */
        REPLY,
        /** This server's own limits for one destination. */
        LIMIT,
        /** An error of this server. */
        ERROR;

        /** The name in lower case, as used by commands, routes and the database. */
        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Cause ofWireName(String name) {
            return Arrays.stream(values()).filter(cause -> cause.wireName().equals(name)).findFirst().orElse(ERROR);
        }
    }

    /**
     * A queue item and a domain.
     *
     * @param item {@link #item} of its queue and name
     * @param domain the recipient domain in lower case
     */
    public record Key(String item, String domain) implements Comparable<Key> {

        private static final int HASH_BYTES = 16;
        private static final int MAX_DOMAIN = 255;

        public Key {
            domain = Sanitized.line(domain, MAX_DOMAIN).toLowerCase(Locale.ROOT);
        }

        /** A hash of queue and mail name: other software may put addresses into mail names. */
        public static String item(String queue, String mail) {
            try {
                MessageDigest digest = MessageDigest.getInstance("SHA-256");
                digest.update(queue.getBytes(StandardCharsets.UTF_8));
                digest.update((byte) 0);
                byte[] hash = digest.digest(mail.getBytes(StandardCharsets.UTF_8));
                return HexFormat.of().formatHex(hash, 0, HASH_BYTES);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every JVM has SHA-256", e);
            }
        }

        /** The order of writes, the same on all servers, so that transactions do not deadlock. */
        @Override
        public int compareTo(Key other) {
            int byItem = item.compareTo(other.item);
            return byItem != 0 ? byItem : domain.compareTo(other.domain);
        }
    }

    /**
     * Why a mail waits. Texts are sanitized, and mail addresses in them are masked: servers repeat addresses in replies.
     *
     * @param sentence the text of the log, at most {@value #MAX_TEXT} UTF-16 units
     * @param remedy one sentence: who can fix it
     */
    public record Why(Cause cause, String sentence, String remedy) {

        static final int MAX_TEXT = 500;
        private static final Pattern ADDRESS = Pattern.compile("<?(?:\"[^\"]{0,64}\"|[^\\s<>\"@]{1,128})"
            + "@(?:\\[[0-9A-Fa-fIPv:.]{1,60}\\]|[\\p{L}\\p{N}._-]{1,255})>?");

        public Why {
            sentence = masked(sentence);
            remedy = masked(remedy);
        }

        private static String masked(String text) {
            return ADDRESS.matcher(Sanitized.line(text, MAX_TEXT)).replaceAll("<address>");
        }
    }
}
