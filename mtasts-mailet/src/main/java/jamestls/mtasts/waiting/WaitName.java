package jamestls.mtasts.waiting;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.james.core.MailAddress;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeUtils;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.Mail;

/**
 * The name under which a mail waits in a repository: {@code <name>-w<number>-<id>}. A repository's key is the mail's name, and storing
 * overwrites, so each wait needs a name of its own: a slow server that forgets one wait must not delete the next one.
 *
 * <p>Copies of one mail, as a killed process leaves them, get the same name for the same wait, so that they become one again: what either
 * has delivered is missing in it, or is delivered twice, and nothing is lost. Different mails of one name have different ids.
 *
 * @param name the mail's name in the queue
 * @param number the number of the wait, from 1
 * @param id the same for all waits of one mail
 */
record WaitName(String name, int number, String id) {

    /** Tells apart mails of the same name: a String. */
    private static final AttributeName ID = AttributeName.of("jamestls.wait-id");
    /** The number of the last wait outside of the queue: an Integer. */
    private static final AttributeName NUMBER = AttributeName.of("jamestls.wait");
    /** The mail's name in the queue, while it waits outside: a String. */
    private static final AttributeName NAME = AttributeName.of("jamestls.wait-name");
    /** James's JPA repository allows 200 characters, of which the number and the id take up to 25. */
    private static final int MAX_NAME = 170;
    private static final int ID_LENGTH = 12;

    /** Resets a mail that enters the queue as a new one. */
    static void begin(Mail mail) {
        mail.removeAttribute(NUMBER);
        mail.removeAttribute(NAME);
        distinguish(mail);
    }

    /** Gives a mail an id of its own, because its recipients are not those of another mail of the same name. */
    static void distinguish(Mail mail) {
        mail.setAttribute(new Attribute(ID, AttributeValue.of(UUID.randomUUID().toString().replace("-", "").substring(0, ID_LENGTH))));
    }

    /** The last wait of a mail; empty if it has never waited outside of the queue. */
    static Optional<WaitName> last(Mail mail) {
        return AttributeUtils.getValueAndCastFromMail(mail, NUMBER, Integer.class).map(number ->
            new WaitName(mail.getName(), number, idOf(mail)));
    }

    /** The next wait of a mail. */
    static WaitName next(Mail mail) {
        return new WaitName(mail.getName(), last(mail).map(WaitName::number).orElse(0) + 1, idOf(mail));
    }

    /** Mails that were queued by an earlier version have no id. */
    private static String idOf(Mail mail) {
        return AttributeUtils.getValueAndCastFromMail(mail, ID, String.class).orElseGet(() ->
            hash(mail.getRecipients().stream().map(MailAddress::asString).sorted().collect(Collectors.joining("\n"))));
    }

    private static String hash(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash).substring(0, ID_LENGTH);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    /** The name in the repository, at most 200 characters. */
    String key() {
        String start = name.length() <= MAX_NAME ? name
            : name.substring(0, MAX_NAME - ID_LENGTH - 1) + "-" + hash(name);
        return start + "-w" + number + "-" + id;
    }

    /** Whether a key of the repository is one of ours. */
    static boolean isKey(String key) {
        return key.matches("(?s).*-w[0-9]+-[0-9a-f]{" + ID_LENGTH + "}");
    }

    /** Renames a mail for the repository. */
    void putOn(Mail mail) {
        mail.setAttribute(new Attribute(ID, AttributeValue.of(id)));
        mail.setAttribute(new Attribute(NUMBER, AttributeValue.of(number)));
        mail.setAttribute(new Attribute(NAME, AttributeValue.of(name)));
        mail.setName(key());
    }

    /** Undoes {@link #putOn} on a mail that stays in hand. */
    void takeOff(Mail mail) {
        mail.setName(name);
        mail.removeAttribute(NAME);
        if (number == 1) {
            mail.removeAttribute(NUMBER);
        } else {
            mail.setAttribute(new Attribute(NUMBER, AttributeValue.of(number - 1)));
        }
    }

    /** Gives a mail from the repository its name in the queue again. */
    static void restore(Mail mail) {
        AttributeUtils.getValueAndCastFromMail(mail, NAME, String.class).ifPresent(mail::setName);
        mail.removeAttribute(NAME);
    }
}
