package jamestls.mtasts.delivery;

import org.apache.james.queue.api.MailPrioritySupport;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.Mail;

/** Whether retries get a lower priority in a queue that orders by priority: stock RemoteDelivery's {@code usePriority}. */
public enum QueuePriority {
    /** Mails keep the priority they have. */
    UNCHANGED,
    /** Retries have low priority, first attempts high priority. */
    RETRIES_LAST;

    /** In a class of its own: the command line reads the settings without James's classes. */
    static final class Attributes {

        private Attributes() {
        }

        /** Marks a priority that this mailet has set. It is not the sender's and is not sent to other servers. */
        static final AttributeName SET_HERE = AttributeName.of("jamestls.queuepriority");
    }

    /** Sets the priority of a mail that enters the queue for the first time. */
    public void begin(Mail mail) {
        if (this == RETRIES_LAST && mail.getAttribute(MailPrioritySupport.MAIL_PRIORITY).isEmpty()) {
            set(mail, MailPrioritySupport.HIGH_PRIORITY_ATTRIBUTE);
        }
    }

    /** Sets the priority of a mail that returns to the queue. */
    void retry(Mail mail) {
        if (this == RETRIES_LAST) {
            set(mail, MailPrioritySupport.LOW_PRIORITY_ATTRIBUTE);
        }
    }

    private static void set(Mail mail, Attribute priority) {
        mail.setAttribute(priority);
        mail.setAttribute(new Attribute(Attributes.SET_HERE, AttributeValue.of(true)));
    }
}
