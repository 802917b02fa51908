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
 * One mail that waits for its next attempt, as far as one recipient domain is concerned. It has no mail address and no subject.
 *
 * @param key what tells it from others
 * @param since when its first attempt failed, or when it was first put back
 * @param nextTry when it is due again
 * @param why what it waits for
 * @param mails how many mails this stands for, mostly one
 */
public record HeldMail(Key key, Instant since, Instant nextTry, Why why, int mails) {

    /** What stands between a mail and its delivery. */
    public enum Cause {
        /** A policy of the recipient domain, the sender or this server forbids all ways there for now. */
        POLICY,
        /** A look-up failed. */
        DNS,
        /** No host could be reached, or a connection was lost. */
        NETWORK,
        /** A server said to come back later. */
        REPLY,
        /** This server sends only so many mails to one destination at once. */
        LIMIT,
        /** An error of this server. */
        ERROR;

        /** As commands, routes and the database have it: in small letters. */
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
     * @param domain of recipients that wait, in small letters
     */
    public record Key(String item, String domain) implements Comparable<Key> {

        private static final int HASH_BYTES = 16;
        private static final int MAX_DOMAIN = 255;

        public Key {
            domain = Sanitized.line(domain, MAX_DOMAIN).toLowerCase(Locale.ROOT);
        }

        /** The name of a queue item that tells nothing of the mail: a hash, because others may have put an address into the mail's name. */
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

        /** In one order everywhere, so that two servers that write many rows cannot lock each other out. */
        @Override
        public int compareTo(Key other) {
            int byItem = item.compareTo(other.item);
            return byItem != 0 ? byItem : domain.compareTo(other.domain);
        }
    }

    /**
     * Why a mail waits. Text of strangers is sanitized and mail addresses in it are masked, because servers like to repeat them.
     *
     * @param sentence as the log has it, at most {@value #MAX_TEXT} UTF-16 units
     * @param remedy who can do something about it, a sentence
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
