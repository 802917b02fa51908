package jamestls.mtasts.delivery;

import org.apache.james.queue.api.MailPrioritySupport;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.Mail;

/** Whose turn it is in a queue that orders by priority: stock RemoteDelivery's {@code usePriority}. */
public enum QueuePriority {
    /** Mails keep the priority they have. */
    UNTOUCHED,
    /** A retry waits for all mails that are tried for the first time. */
    RETRIES_LAST;

    /** A class of its own, because the settings are read where James's classes are not. */
    static final class Attributes {

        private Attributes() {
        }

        /** Says that the priority is ours and not the sender's: then it is no other server's business. */
        static final AttributeName OURS = AttributeName.of("jamestls.queuepriority");
    }

    /** For a mail that goes into the queue for the first time. */
    public void begin(Mail mail) {
        if (this == RETRIES_LAST && mail.getAttribute(MailPrioritySupport.MAIL_PRIORITY).isEmpty()) {
            set(mail, MailPrioritySupport.HIGH_PRIORITY_ATTRIBUTE);
        }
    }

    /** For a mail that goes back into the queue. */
    void retry(Mail mail) {
        if (this == RETRIES_LAST) {
            set(mail, MailPrioritySupport.LOW_PRIORITY_ATTRIBUTE);
        }
    }

    private static void set(Mail mail, Attribute priority) {
        mail.setAttribute(priority);
        mail.setAttribute(new Attribute(Attributes.OURS, AttributeValue.of(true)));
    }
}
